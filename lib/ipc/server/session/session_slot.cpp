// SPDX-License-Identifier: MIT

#include <utility>

#include "quire/ipc/decoder.hpp"
#include "server/core.hpp"
#include "server/session/session.hpp"
#include "server/session/session_slot.hpp"

namespace quire::ipc {

bool SessionSlot::begin() {
    if (watched_.load(std::memory_order_relaxed) || !record_.worthwhile()) return false;
    const std::uint32_t processor = this_processor();
    if (memory_.client_processor().load(std::memory_order_relaxed) == processor) return false;
    if (watched_.exchange(true, std::memory_order_acquire)) return false;
    memory_.server_processor().store(processor, std::memory_order_relaxed);
    if (memory_.change(SlotState::away, SlotState::watching)) return true;
    end();
    return false;
}

bool SessionSlot::await_request() {
    const std::uint32_t processor = this_processor();
    const auto is = [this](SlotState state) {
        return memory_.state() == static_cast<std::uint32_t>(state);
    };
    // The client may have fallen asleep before we looked; its request is there all the same.
    const auto is_request = [&] { return is(SlotState::posted) || is(SlotState::asleep); };
    const bool seen = watch([&] {
        return (!is(SlotState::watching) && !is(SlotState::answered)) ||
               memory_.client_processor().load(std::memory_order_relaxed) == processor;
    });
    if (seen && is_request()) {
        record_.seen();
        return true;
    }
    record_.missed();
    if (memory_.change(SlotState::watching, SlotState::away) ||
        memory_.change(SlotState::answered, SlotState::answered_away))
        return false;
    // Posted in the last moment, or a word that is none.
    return is_request();
}

bool SessionSlot::take_request(Incoming& message) {
    answered_here_ = false;
    return SlotMemory::copy_out(memory_.request_area(), message);
}

bool SessionSlot::answer(std::span<const std::byte> reply) {
    if (reply.size() > SlotMemory::area_size) return false;
    std::memcpy(memory_.reply_area().data(), reply.data(), reply.size());
    answered_here_ = memory_.change(SlotState::posted, SlotState::answered);
    return answered_here_;
}

void SessionSlot::go_on() {
    // After a reply in the slot the client may have posted again and fallen asleep over that, so
    // the word alone does not say whose sleep it is.
    if (!answered_here_) memory_.change(SlotState::asleep, SlotState::watching);
}

bool Session::take_slot(Incoming& message) {
    Decoder body(message.body(), message.descriptors(), nullptr);
    const UniqueFd descriptor = body.get_descriptor();
    if (!body.end()) return false;
    auto memory = SlotMemory::open(descriptor);
    // What could make us fault is malformed; that there is no room for it is not its fault.
    if (!memory) return memory.error() != std::errc::invalid_argument;
    const std::scoped_lock lock(mutex_);
    if (own_slot_) return false;
    if (!core_.options().slots) return true;
    own_slot_ = std::make_unique<SessionSlot>(std::move(*memory));
    slot_.store(own_slot_.get(), std::memory_order_release);
    return true;
}

void Session::watch_slot() {
    SessionSlot* const slot = slot_.load(std::memory_order_acquire);
    if (slot == nullptr || core_.stopping() || !slot->begin()) return;
    while (slot->await_request()) {
        if (!serve_slot(*slot)) break;
        slot->go_on();
    }
    slot->end();
}

bool Session::serve_slot(SessionSlot& slot) {
    Incoming message;
    if (!slot.take_request(message)) {
        expel();
        return false;
    }
    core_.counters().slot_messages.fetch_add(1, std::memory_order_relaxed);
    const Next next = take_new(message, &slot);
    // The worker holds the intake only when calls that had to wait are to be taken now.
    if (next == Next::go_on) take_messages();
    const std::scoped_lock lock(mutex_);
    return !dead_;
}

}  // namespace quire::ipc
