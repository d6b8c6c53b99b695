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

bool ClientSlot::post(std::span<const std::byte> request, bool may_sleep) {
    publish_processor();
    const std::uint32_t word = memory_.state();
    if (is(word, SlotState::answered_away)) {
        // The reply was read long ago; the server went only afterwards.
        memory_.change(SlotState::answered_away, SlotState::away);
        return false;
    }
    if (!is(word, SlotState::watching) && !is(word, SlotState::answered)) return false;
    if (!may_sleep && is_on_our_processor()) return false;
    std::memcpy(memory_.request_area().data(), request.data(), request.size());
    if (!memory_.change(static_cast<SlotState>(word), SlotState::posted)) return false;
    memory_.wake(memory_.server_sleeper());
    return true;
}

bool ClientSlot::await_change(std::chrono::nanoseconds at_most) {
    const auto changed = [this] { return !is(memory_.state(), SlotState::posted); };
    if (!is_on_our_processor() && watch_record_.worthwhile()) {
        if (watch(changed)) {
            watch_record_.seen();
            return true;
        }
        watch_record_.missed();
    }
    if (at_most.count() <= 0) return changed();
    return memory_.sleep(memory_.client_sleeper(), static_cast<std::uint32_t>(SlotState::posted),
                         at_most);
}

ClientSlot::Outcome ClientSlot::await(Incoming& reply, std::chrono::nanoseconds at_most) {
    if (await_change(at_most)) {
        record_.seen();
    } else {
        record_.missed();
        if (memory_.change(SlotState::posted, SlotState::asleep)) return Outcome::by_socket;
    }
    const std::uint32_t word = memory_.state();
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
