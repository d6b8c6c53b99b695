// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/any_cap.hpp"

namespace quire::ipc {

class ServerCore;

/// The server that serves the objects of this process when their capabilities are handed to
/// others: Server::home(). It does not keep the server alive. A program without a server has no
/// home, and can hand on only what it was given.
/// Threads: any.
class Home {
public:
    Home() = default;
    explicit Home(std::weak_ptr<ServerCore> server) : server_(std::move(server)) {}

    /// A new gate to an object of this process, served until the last copy of the descriptor is
    /// closed.
    /// Needs: an object of this process, not empty.
    /// Fails: operation_not_supported (there is no home), too_many_files_open.
    Result<UniqueFd> gate(AnyCap cap) const;

private:
    std::weak_ptr<ServerCore> server_;
};

}  // namespace quire::ipc
