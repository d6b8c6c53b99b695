// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <memory>

#include "quire/base/result.hpp"
#include "server/endpoint.hpp"
#include "system/fork_watch.hpp"

namespace quire::ipc {

class ServerCore;

/// Makes the kernel look for sockets that nobody can reach. A socket that is on its way in a
/// message of a queue which only that message could lead to is never closed by anybody, so its
/// peer, which may be a gate or channel of ours, sees no end; the kernel finds such circles, but
/// looks for them only when a Unix socket is closed. So we close one now and then.
class Collector final : public Endpoint {
public:
    static Result<std::shared_ptr<Collector>> create(ServerCore& core,
                                                     std::chrono::milliseconds interval);
    Collector(ServerCore& core, UniqueFd timer) : core_(core), timer_(std::move(timer)) {}

    int fd() const override { return timer_.get(); }
    void ready(std::uint32_t events) override;

private:
    ServerCore& core_;
    ProcessFd timer_;
};

}  // namespace quire::ipc
