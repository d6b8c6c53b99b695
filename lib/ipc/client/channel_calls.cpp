// SPDX-License-Identifier: MIT

#include <poll.h>

#include <utility>

#include "client/channel.hpp"
#include "client/patient_send.hpp"
#include "quire/ipc/remote_object.hpp"
#include "quire/ipc/request.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

namespace {

std::int64_t nanoseconds_left(const Call& call) {
    const auto left = call.left();
    return left ? left->count() : -1;
}

}  // namespace

Result<std::unique_ptr<Incoming>> Channel::call(const Call& call, std::uint32_t object,
                                                std::uint32_t opcode, Encoder&& body,
                                                RemoteObject::Discard discard) {
    if (!usable()) return fail(std::errc::connection_reset);
    QUIRE_TRY(check_wanted(call));
    QUIRE_TRY_ASSIGN(Outgoing message, seal(call, std::move(body)));

    const Header header{.kind = MessageKind::request,
                        .object = object,
                        .opcode = opcode,
                        .left = nanoseconds_left(call)};
    if (may_use_slot(message)) {
        if (auto done = call_by_slot(call, message, header, discard)) return std::move(*done);
    }
    return call_by_socket(call, message, header, discard);
}

Result<std::unique_ptr<Incoming>> Channel::call_by_socket(const Call& call, Outgoing& message,
                                                          Header header,
                                                          RemoteObject::Discard discard) {
    Waiter waiter;
    {
        const std::scoped_lock lock(mutex_);
        QUIRE_TRY(prepare_cancellation_locked(call));
        header.call = waiter.number = number_locked();
        waiting_.emplace(waiter.number, &waiter);
    }
    if (ClientSlot* const slot = slot_.load(std::memory_order_acquire)) slot->publish_processor();
    const std::uint64_t one_ways = one_ways_sent_.load(std::memory_order_acquire);
    const auto sent = transmit(call, message, header);
    if (!sent) {
        const std::scoped_lock lock(mutex_);
        waiting_.erase(waiter.number);
        if (!led_) pass_lead_locked();
        return fail(sent.error());
    }
    auto reply = wait(call, waiter, discard);
    if (reply) {
        std::uint64_t done = one_ways_done_.load(std::memory_order_relaxed);
        while (done < one_ways && !one_ways_done_.compare_exchange_weak(done, one_ways)) continue;
        if (use_slot_) count_before_slot();
    }
    return reply;
}

Result<void> Channel::prepare_cancellation_locked(const Call& call) {
    if (!wake_up_ && call.token().stop_possible()) {
        QUIRE_TRY_ASSIGN(wake_up_, WakeUp::create());
    }
    return {};
}

bool Channel::in_use_locked(std::uint32_t number) const {
    return waiting_.contains(number) || abandoned_.contains(number);
}

std::uint32_t Channel::number_locked() {
    // The upper half is for calls through the slot.
    do {
        last_number_ = last_number_ % 0x7fffffff + 1;
    } while (in_use_locked(last_number_));
    return last_number_;
}

Result<std::unique_ptr<Incoming>> Channel::wait(const Call& call, Waiter& waiter,
                                                RemoteObject::Discard discard) {
    // Made and ended without the lock, which the callback takes.
    const std::stop_callback cancelled(call.token(), [&] { cancel_waiter(waiter); });
    std::optional<Error> verdict;
    {
        std::unique_lock lock(mutex_);
        while (!waiter.reply) {
            verdict = verdict_locked(call, waiter);
            if (verdict) break;
            if (!led_) {
                lead(lock, call, waiter);
            } else if (const auto deadline = call.deadline()) {
                waiter.changed.wait_until(lock, *deadline);
            } else {
                waiter.changed.wait(lock);
            }
        }
        waiting_.erase(waiter.number);
        const bool owed = verdict && !dead_;
        if (owed) {
            abandoned_.emplace(waiter.number, Abandoned{discard, call.lent()});
            if (waiter.number >= first_slot_call) ++abandoned_in_slot_;
        }
        if (abandoned_.size() > max_abandoned) end_locked();
        if (!led_) pass_lead_locked();
        if (!verdict) return std::move(waiter.reply);
        if (!owed) return fail(std::move(*verdict));
    }
    tell_cancelled(waiter.number);
    return fail(std::move(*verdict));
}

void Channel::tell_cancelled(std::uint32_t number) {
    Encoder body;
    body.put(number);
    const auto bytes = body.message();
    write_header(bytes, {.kind = MessageKind::control,
                         .opcode = static_cast<std::uint32_t>(Control::cancel)});
    // Without room the callee goes on for nothing; it has the deadline to know that by.
    if (send_message(end_.get(), bytes, {})) {
        counters_.sent_messages.fetch_add(1, std::memory_order_relaxed);
        counters_.sent_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
    }
}

std::optional<Error> Channel::verdict_locked(const Call& call, const Waiter& waiter) const {
    if (dead_)
        return Error(std::errc::connection_reset, "the server, or the connection to it, is gone");
    if (waiter.cancelled) return Error(std::errc::operation_canceled);
    if (call.expired()) return Error(std::errc::timed_out);
    return std::nullopt;
}

void Channel::cancel_waiter(Waiter& waiter) {
    const std::scoped_lock lock(mutex_);
    waiter.cancelled = true;
    if (waiter.leads && wake_up_) wake_up_->ring();
    waiter.changed.notify_one();
}

void Channel::pass_lead_locked() {
    for (const auto& [number, waiter] : waiting_) {
        if (waiter->reply) continue;
        waiter->changed.notify_one();
        return;
    }
}

void Channel::lead(std::unique_lock<std::mutex>& lock, const Call& call, Waiter& waiter) {
    led_ = true;
    waiter.leads = true;
    lock.unlock();
    auto message = std::make_unique<Incoming>();
    const Arrival arrival = receive(call, *message);
    lock.lock();
    waiter.leads = false;
    led_ = false;
    if (waiter.cancelled) wake_up_->quieten();
    if (arrival == Arrival::message) {
        deliver(lock, std::move(message));
    } else if (arrival != Arrival::nothing) {
        end_locked();
    }
}

Arrival Channel::receive(const Call& call, Incoming& into) const {
    const bool patient = !call.deadline() && !call.token().stop_possible();
    const Arrival arrival = receive_message(end_.get(), into, patient);
    if (arrival != Arrival::nothing) return arrival;
    // Also the way of a patient one whose descriptor somebody made non-blocking.
    const int wake = call.token().stop_possible() ? wake_up_->fd() : -1;
    if (!wait_until_ready(end_.get(), POLLIN, wake, call.left())) return Arrival::nothing;
    return receive_message(end_.get(), into, false);
}

void Channel::take_late_replies() {
    std::unique_lock lock(mutex_);
    Arrival arrival = Arrival::message;
    while (arrival == Arrival::message && usable() && !led_ && !abandoned_.empty()) {
        led_ = true;
        lock.unlock();
        auto message = std::make_unique<Incoming>();
        arrival = receive_message(end_.get(), *message, false);
        lock.lock();
        led_ = false;
        if (arrival == Arrival::message)
            deliver(lock, std::move(message));
        else if (arrival != Arrival::nothing)
            end_locked();
        pass_lead_locked();
    }
}

void Channel::deliver(std::unique_lock<std::mutex>& lock, std::unique_ptr<Incoming> message) {
    count_received(*message);
    const auto header = read_header(message->bytes(), message->descriptors().size());
    if (!header || header->kind != MessageKind::reply) return end_locked();
    message->header = *header;
    if (const auto found = waiting_.find(header->call); found != waiting_.end()) {
        Waiter& waiter = *found->second;
        if (waiter.reply) return end_locked();
        waiter.reply = std::move(message);
        waiter.changed.notify_one();
        return;
    }
    if (slot_waiter_ != nullptr && slot_waiter_->number == header->call) {
        if (slot_waiter_->reply) return end_locked();
        slot_waiter_->reply = std::move(message);
        return;
    }
    auto late = abandoned_.extract(header->call);
    if (!late) return end_locked();
    if (late.key() >= first_slot_call) --abandoned_in_slot_;
    const RemoteObject::Discard discard = late.mapped().discard;
    lock.unlock();
    // What was lent comes back, without the lock.
    late = {};
    // Capabilities in the reply are taken and let go of, so that the server hears of it.
    if (discard != nullptr && header->opcode == 0) {
        const ReleaseBatch batch;
        Reply reply(shared_from_this(), std::move(message));
        discard(reply.decoder());
        (void)reply.end();
    }
    lock.lock();
}

}  // namespace quire::ipc
