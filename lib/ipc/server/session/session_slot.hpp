// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "message/incoming.hpp"
#include "slot/slot_memory.hpp"
#include "slot/watch.hpp"

namespace quire::ipc {

/// The server's side of a slot. One worker at a time waits at it (begin … end), and serves what is
/// posted in it.
class SessionSlot {
public:
    explicit SessionSlot(SlotMemory memory) : memory_(std::move(memory)) {}

    /// Begins to wait for requests. False when another worker does, or it is not worth while.
    bool begin();
    /// Needs (this and what follows): begin() said true.
    void end() { watched_.store(false, std::memory_order_release); }

    /// Looks for a request a while, if the client runs on another processor. Says whether there is
    /// one.
    bool watch();
    /// Sleeps for one, but not longer than `at_most`.
    bool sleep(std::chrono::nanoseconds at_most);
    /// Tells the client that nobody looks any more. True: a request came just before.
    bool go_away();
    /// Copies it out. False: it is malformed.
    bool take_request(Incoming& message);
    /// Answers it; false: the reply has to go by the socket.
    bool answer(std::span<const std::byte> reply);
    /// Tells the client that its reply will come by the socket.
    void answer_by_socket() { change_for_client(SlotState::posted, SlotState::by_socket); }
    /// After a request whose client fell asleep over it: the slot is free for another, if we go on
    /// looking `here`, or nobody looks. Not to go on: answer_by_socket() came before the request.
    void go_on(bool here = true);

private:
    bool is_waited_for() const;
    bool has_request() const;
    bool change_for_client(SlotState from, SlotState to);

    SlotMemory memory_;
    std::atomic<bool> watched_ = false;
    WaitRecord record_;
    WaitRecord watch_record_;
    /// The request that was taken last has been answered in the slot.
    bool answered_here_ = false;
};

}  // namespace quire::ipc
