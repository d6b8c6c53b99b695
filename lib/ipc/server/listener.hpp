// SPDX-License-Identifier: MIT

#pragma once

#include "quire/base/unique_fd.hpp"
#include "quire/ipc/listening_socket.hpp"
#include "quire/ipc/server.hpp"
#include "server/endpoint.hpp"
#include "system/fork_watch.hpp"

namespace quire::ipc {

class ServerCore;

/// Where clients connect.
class Listener final : public Endpoint {
public:
    Listener(ServerCore& core, ListeningSocket socket, Server::Admit admit);

    int fd() const override { return socket_.get(); }
    void ready(std::uint32_t events) override;
    void close() override;

private:
    void admit_client(UniqueFd end);
    void turn_one_away();

    ServerCore& core_;
    ListeningSocket name_;
    ProcessFd socket_;
    const Server::Admit admit_;
    /// Spare, for accepting and closing a connection when no number is left.
    UniqueFd reserve_;
};

}  // namespace quire::ipc
