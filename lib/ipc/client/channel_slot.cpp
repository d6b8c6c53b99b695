// SPDX-License-Identifier: MIT

#include <algorithm>
#include <utility>

#include "client/channel.hpp"
#include "slot/watch.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

namespace {

/// How long a call may sleep at the slot. One that may be cancelled does not: what cancels it rings
/// at the socket.
std::chrono::nanoseconds patience_at_slot(const Call& call) {
    if (call.token().stop_possible()) return {};
    return std::min<std::chrono::nanoseconds>(sleep_time, call.left().value_or(sleep_time));
}

}  // namespace

bool Channel::may_use_slot(const Outgoing& message) const {
    return slot_.load(std::memory_order_acquire) != nullptr && message.descriptor_count() == 0 &&
           message.bytes().size() <= SlotMemory::area_size && abandoned_in_slot_ == 0 &&
           one_ways_sent_.load(std::memory_order_acquire) ==
               one_ways_done_.load(std::memory_order_acquire);
}

std::optional<Result<std::unique_ptr<Incoming>>> Channel::call_by_slot(
    const Call& call, Outgoing& message, Header header, RemoteObject::Discard discard) {
    ClientSlot& slot = *slot_.load(std::memory_order_acquire);
    if (!usable() || !slot.claim()) return std::nullopt;
    if (releases_.any()) flush_releases();
    Waiter waiter;
    {
        const std::scoped_lock lock(mutex_);
        if (auto prepared = prepare_cancellation_locked(call); !prepared) {
            slot.give_up();
            return fail(std::move(prepared).error());
        }
        do {
            waiter.number = slot.next_number();
        } while (in_use_locked(waiter.number));
        slot_waiter_ = &waiter;
    }
    header.call = waiter.number;
    message.set_header(header);
    const std::chrono::nanoseconds patience = patience_at_slot(call);
    const bool posted = slot.post(message.bytes(), patience.count() > 0);
    ClientSlot::Outcome outcome = ClientSlot::Outcome::by_socket;
    std::unique_ptr<Incoming> reply;
    if (posted) {
        count_sent(message);
        counters_.slot_messages.fetch_add(1, std::memory_order_relaxed);
        reply = std::make_unique<Incoming>();
        outcome = slot.await(*reply, patience);
    }
    {
        const std::scoped_lock lock(mutex_);
        slot_waiter_ = nullptr;
        if (posted && outcome == ClientSlot::Outcome::by_socket)
            waiting_.emplace(waiter.number, &waiter);
    }
    slot.give_up();
    if (!posted) return std::nullopt;
    if (outcome == ClientSlot::Outcome::by_socket) return wait(call, waiter, discard);
    if (outcome == ClientSlot::Outcome::answered)
        return take_slot_reply(std::move(reply), waiter.number);
    end();
    return fail(std::errc::connection_reset, "the server misuses shared memory");
}

Result<std::unique_ptr<Incoming>> Channel::take_slot_reply(std::unique_ptr<Incoming> reply,
                                                           std::uint32_t number) {
    count_received(*reply);
    counters_.slot_messages.fetch_add(1, std::memory_order_relaxed);
    const auto header = read_header(reply->bytes(), 0);
    if (!header || header->kind != MessageKind::reply || header->call != number) {
        end();
        return fail(std::errc::connection_reset, "the server sent a malformed reply");
    }
    reply->header = *header;
    return reply;
}

void Channel::count_before_slot() {
    std::uint32_t left = calls_before_slot_.load(std::memory_order_relaxed);
    while (left > 0 && !calls_before_slot_.compare_exchange_weak(left, left - 1)) continue;
    if (left == 1) offer_slot();
}

void Channel::offer_slot() {
    // Without one calls still work, so it is not tried again.
    auto created = SlotMemory::create();
    if (!created) return;
    Encoder body;
    body.put_descriptor(std::move(created->descriptor));
    auto message = Outgoing::seal(std::move(body));
    message->set_header(
        {.kind = MessageKind::control, .opcode = static_cast<std::uint32_t>(Control::offer_slot)});
    if (!message->send(end_.get())) return;
    count_sent(*message);
    own_slot_ = std::make_unique<ClientSlot>(std::move(created->memory));
    own_slot_->publish_processor();
    slot_.store(own_slot_.get(), std::memory_order_release);
}

}  // namespace quire::ipc
