// SPDX-License-Identifier: MIT

#include "client/client_slot.hpp"

#include <cstring>

namespace quire::ipc {

namespace {

bool is(std::uint32_t word, SlotState state) {
    return word == static_cast<std::uint32_t>(state);
}

}  // namespace

bool ClientSlot::claim() {
    const std::uint32_t word = memory_.state();
    // Most often it is known without claiming that it is of no use.
    if (!is(word, SlotState::watching) && !is(word, SlotState::answered) &&
        !is(word, SlotState::answered_away))
        return false;
    if (!record_.worthwhile()) return false;
    return !claimed_.exchange(true, std::memory_order_acquire);
}

bool ClientSlot::post(std::span<const std::byte> request) {
    const std::uint32_t processor = this_processor();
    memory_.client_processor().store(processor, std::memory_order_relaxed);
    const std::uint32_t word = memory_.state();
    if (is(word, SlotState::answered_away)) {
        // The reply was read long ago; the server went only afterwards.
        memory_.change(SlotState::answered_away, SlotState::away);
        return false;
    }
    if (!is(word, SlotState::watching) && !is(word, SlotState::answered)) return false;
    if (memory_.server_processor().load(std::memory_order_relaxed) == processor) return false;
    std::memcpy(memory_.request_area().data(), request.data(), request.size());
    return memory_.change(static_cast<SlotState>(word), SlotState::posted);
}

ClientSlot::Outcome ClientSlot::await(Incoming& reply) {
    std::uint32_t word = 0;
    const bool seen = watch([&] {
        word = memory_.state();
        return !is(word, SlotState::posted);
    });
    if (!seen) {
        record_.missed();
        if (memory_.change(SlotState::posted, SlotState::asleep)) return Outcome::by_socket;
        word = memory_.state();
    } else {
        record_.seen();
    }
    if (is(word, SlotState::by_socket)) {
        memory_.change(SlotState::by_socket, SlotState::away);
        return Outcome::by_socket;
    }
    if (!is(word, SlotState::answered) && !is(word, SlotState::answered_away))
        return Outcome::malformed;
    if (!SlotMemory::copy_out(memory_.reply_area(), reply)) return Outcome::malformed;
    return Outcome::answered;
}

}  // namespace quire::ipc
