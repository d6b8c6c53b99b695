// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/home.hpp"

namespace quire::ipc {

class Channel;

/// The holder's end of a gate. Whoever has a copy of the descriptor may call the gate's object, so
/// nobody receives anything on it: the first use in a process sends one end of a fresh pair through
/// it, and calls go over the other. A fork makes another process, which connects anew; this works
/// at any moment, since nothing of the parent's connection is touched.
/// Threads: any.
class GateEnd {
public:
    /// `charge` lives as long as the descriptor is open: what it counts against.
    GateEnd(UniqueFd end, Home home, std::shared_ptr<void> charge = nullptr);
    GateEnd(const GateEnd&) = delete;
    GateEnd& operator=(const GateEnd&) = delete;
    ~GateEnd();

    int fd() const { return end_.get(); }

    /// This process's channel to the gate's object, which is number 1 there.
    /// Fails: connection_reset, too_many_files_open, timed_out, operation_canceled.
    Result<std::shared_ptr<Channel>> channel(const Call& call);

    /// The same if there is one already; else nullptr.
    std::shared_ptr<Channel> existing_channel() const;

    /// Sends Control::probe, if there is room.
    void probe(std::uint64_t number) const;

private:
    struct Connection;

    Connection& connection_of_this_process();

    UniqueFd end_;
    Home home_;
    std::shared_ptr<void> charge_;
    /// The newest of a chain that grows with every fork that this object goes through.
    std::atomic<Connection*> connection_ = nullptr;
};

}  // namespace quire::ipc
