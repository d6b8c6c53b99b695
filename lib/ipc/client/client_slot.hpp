// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <utility>

#include "message/incoming.hpp"
#include "slot/slot_memory.hpp"
#include "slot/watch.hpp"

namespace quire::ipc {

/// The client's side of a slot. One thread at a time has it (claim … give_up).
class ClientSlot {
public:
    explicit ClientSlot(SlotMemory memory) : memory_(std::move(memory)) {}

    /// False when another thread has it, or trying is not worth while.
    bool claim();
    void give_up() { claimed_.store(false, std::memory_order_release); }

    /// Puts a request there, if the server watches or sleeps for one. `may_sleep`: so may await().
    /// Needs (this and what follows): the claim.
    bool post(std::span<const std::byte> request, bool may_sleep);

    enum class Outcome { answered, by_socket, malformed };
    /// Watches for the reply a while, then sleeps for it, but not longer than `at_most`, and copies
    /// it out. `by_socket`: it comes that way.
    Outcome await(Incoming& reply, std::chrono::nanoseconds at_most);

    /// Tells the server where its client is, also when calls go by the socket.
    void publish_processor() { note(memory_.client_processor(), this_processor()); }

    /// Of the next call.
    std::uint32_t next_number() { return first_slot_call | ++last_number_; }

private:
    SlotMemory memory_;
    std::atomic<bool> claimed_ = false;
    bool await_change(std::chrono::nanoseconds at_most);
    bool is_on_our_processor() {
        return memory_.server_processor().load(std::memory_order_relaxed) == this_processor();
    }

    WaitRecord record_;
    WaitRecord watch_record_;
    std::uint32_t last_number_ = 0;
};

}  // namespace quire::ipc
