// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "message/incoming.hpp"
#include "slot/slot_memory.hpp"
#include "slot/watch.hpp"

namespace quire::ipc {

/// The server's side of a slot. One worker at a time watches it (begin … end), and serves what is
/// posted in it.
class SessionSlot {
public:
    explicit SessionSlot(SlotMemory memory) : memory_(std::move(memory)) {}

    /// Begins to watch. False when another worker does, or it is not worth while, or the client
    /// runs where we do.
    bool begin();
    /// Needs (this and what follows): begin() said true.
    void end() { watched_.store(false, std::memory_order_release); }

    /// Watches for a request. False: none came, and the client knows that nobody looks.
    bool await_request();
    /// Copies it out. False: it is malformed.
    bool take_request(Incoming& message);
    /// Answers it; false: the reply has to go by the socket.
    bool answer(std::span<const std::byte> reply);
    /// Tells the client that its reply will come by the socket.
    void answer_by_socket() { memory_.change(SlotState::posted, SlotState::by_socket); }
    /// After a request whose client fell asleep over it: the slot is free for another.
    void go_on();

private:
    SlotMemory memory_;
    std::atomic<bool> watched_ = false;
    WatchRecord record_;
    /// The request that was taken last has been answered in the slot.
    bool answered_here_ = false;
};

}  // namespace quire::ipc
