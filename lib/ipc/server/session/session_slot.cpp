// SPDX-License-Identifier: MIT

#include <utility>

#include "quire/ipc/decoder.hpp"
#include "server/core.hpp"
#include "server/session/session.hpp"
#include "server/session/session_slot.hpp"

namespace quire::ipc {

bool SessionSlot::begin() {
    if (watched_.load(std::memory_order_relaxed) || !record_.worthwhile()) return false;
    if (watched_.exchange(true, std::memory_order_acquire)) return false;
    note(memory_.server_processor(), this_processor());
    if (memory_.change(SlotState::away, SlotState::watching)) return true;
    end();
    return false;
}

bool SessionSlot::is_waited_for() const {
    const std::uint32_t word = memory_.state();
    return word == static_cast<std::uint32_t>(SlotState::watching) ||
           word == static_cast<std::uint32_t>(SlotState::answered);
}

bool SessionSlot::has_request() const {
    const std::uint32_t word = memory_.state();
    // The client may have gone to the socket before we looked; its request is there all the same.
    return word == static_cast<std::uint32_t>(SlotState::posted) ||
           word == static_cast<std::uint32_t>(SlotState::asleep);
}

bool SessionSlot::watch() {
    const std::uint32_t processor = this_processor();
    note(memory_.server_processor(), processor);
    const auto is_here = [&] {
        return memory_.client_processor().load(std::memory_order_relaxed) == processor;
    };
    if (is_here() || !watch_record_.worthwhile()) return has_request();
    if (ipc::watch([&] { return !is_waited_for() || is_here(); }) && has_request()) {
        watch_record_.seen();
        return true;
    }
    watch_record_.missed();
    return has_request();
}

bool SessionSlot::sleep(std::chrono::nanoseconds at_most) {
    const std::uint32_t word = memory_.state();
    if (is_waited_for()) memory_.sleep(memory_.server_sleeper(), word, at_most);
    return has_request();
}

bool SessionSlot::go_away() {
    record_.missed();
    if (memory_.change(SlotState::watching, SlotState::away) ||
        memory_.change(SlotState::answered, SlotState::answered_away))
        return false;
    // Posted in the last moment, or a word that is none.
    return has_request();
}

bool SessionSlot::change_for_client(SlotState from, SlotState to) {
    if (!memory_.change(from, to)) return false;
    memory_.wake(memory_.client_sleeper());
    return true;
}

bool SessionSlot::take_request(Incoming& message) {
    answered_here_ = false;
    record_.seen();
    return SlotMemory::copy_out(memory_.request_area(), message);
}

bool SessionSlot::answer(std::span<const std::byte> reply) {
    if (reply.size() > SlotMemory::area_size) return false;
    std::memcpy(memory_.reply_area().data(), reply.data(), reply.size());
    answered_here_ = change_for_client(SlotState::posted, SlotState::answered);
    return answered_here_;
}

void SessionSlot::go_on(bool here) {
    // After a reply in the slot the client may have posted again and fallen asleep over that, so
    // the word alone does not say whose sleep it is.
    if (!answered_here_)
        memory_.change(SlotState::asleep, here ? SlotState::watching : SlotState::away);
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
    // Somebody has to look after the set: a client that never lets go of this worker, or many of
    // them, must not keep the last one from it.
    bool goes_on = true;
    while (goes_on && await_slot(*slot)) {
        core_.before_blocking();
        goes_on = core_.is_attended();
        if (!goes_on) slot->answer_by_socket();
        if (!serve_slot(*slot)) break;
        slot->go_on(goes_on);
    }
    slot->end();
}

bool Session::await_slot(SessionSlot& slot) {
    if (slot.watch()) return true;
    if (core_.may_sleep()) {
        const bool came = slot.sleep(sleep_time);
        core_.wake_up();
        if (came) return true;
    }
    return slot.go_away();
}

bool Session::serve_slot(SessionSlot& slot) {
    Incoming message;
    if (!slot.take_request(message)) {
        expel();
        return false;
    }
    core_.counters().slot_messages.fetch_add(1, std::memory_order_relaxed);
    const Next next = take_new(message, &slot);
    // This worker holds the intake when calls that had to wait can be taken now. That is for
    // another one: the client believes that the slot is looked at.
    if (next == Next::go_on) {
        core_.before_blocking();
        release_intake();
    }
    const std::scoped_lock lock(mutex_);
    return !dead_;
}

}  // namespace quire::ipc
