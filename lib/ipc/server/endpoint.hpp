// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>

namespace quire::ipc {

/// Something that a server waits for. Events are one-shot: after ready() no other comes until the
/// endpoint is armed again.
class Endpoint : public std::enable_shared_from_this<Endpoint> {
public:
    Endpoint() = default;
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;
    virtual ~Endpoint() = default;

    virtual int fd() const = 0;
    /// Called on a worker, with what is ready as epoll has it.
    virtual void ready(std::uint32_t events) = 0;
    /// There is room for a worker in objects, after there was none when it was asked for.
    virtual void room() {}
    /// Ends it, as far as it concerns anybody else. Called when the server stops, after the
    /// endpoint was taken from its set.
    virtual void close() {}

    /// By which the server knows it; never used again after its end.
    std::uint64_t id() const { return id_; }
    void set_id(std::uint64_t id) { id_ = id; }

private:
    std::uint64_t id_ = 0;
};

}  // namespace quire::ipc
