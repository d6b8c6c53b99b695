// SPDX-License-Identifier: MIT

#include "server/session/session.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <utility>

#include "server/core.hpp"
#include "system/peer.hpp"

namespace quire::ipc {

Session::Session(ServerCore& core, UniqueFd end, std::shared_ptr<Account> account,
                 std::shared_ptr<void> place)
    : core_(core),
      end_(std::move(end)),
      account_(std::move(account)),
      place_(std::move(place)),
      peer_(peer_of(end_.get())),
      objects_(account_) {}

Result<void> Session::hand_out_root(const AnyCap& root) {
    if (objects_.hand_out(root)) return {};
    return fail(std::errc::too_many_files_open, "the client has too many objects");
}

void Session::ready(std::uint32_t events) {
    bool good = false;
    {
        const std::scoped_lock lock(mutex_);
        // Whoever holds the intake looks for more before it lets go.
        if (dead_ || intake_held_) return;
        intake_held_ = true;
        good = (events & EPOLLOUT) == 0 || send_unread_locked();
    }
    if (!good) return expel();
    take_messages();
    watch_slot();
}

void Session::lose(bool expelled) {
    const ServerCore::Ending ending(core_);
    std::unordered_map<std::uint32_t, std::stop_source> calls;
    std::deque<std::unique_ptr<Incoming>> waiting;
    std::deque<Unread> unread;
    {
        const std::scoped_lock lock(mutex_);
        if (std::exchange(dead_, true)) return;
        calls.swap(calls_);
        waiting.swap(waiting_);
        unread.swap(unread_);
    }
    if (expelled) core_.counters().expelled_channels.fetch_add(1, std::memory_order_relaxed);
    core_.remove(*this);
    // The descriptor is closed when the last worker is done with it.
    ::shutdown(end_.get(), SHUT_RDWR);
    for (const auto& message : waiting) {
        if (message->header.kind == MessageKind::request) core_.call_ends();
    }
    core_.before_blocking();
    for (auto& [number, stop] : calls) stop.request_stop();
    // The objects end here, or when the calls that still use them do.
    objects_.clear();
    // It may have been told of room that it needs no more.
    core_.pass_on_room();
}

void Session::count_sent(const Outgoing& message) {
    ServerCounters& counters = core_.counters();
    counters.sent_messages.fetch_add(1, std::memory_order_relaxed);
    counters.sent_bytes.fetch_add(message.bytes().size(), std::memory_order_relaxed);
    sent_bytes_.fetch_add(message.bytes().size(), std::memory_order_relaxed);
    counters.sent_descriptors.fetch_add(message.descriptor_count(), std::memory_order_relaxed);
}

void Session::count_received(Incoming& message) {
    ServerCounters& counters = core_.counters();
    counters.received_messages.fetch_add(1, std::memory_order_relaxed);
    counters.received_bytes.fetch_add(message.bytes().size(), std::memory_order_relaxed);
    received_bytes_.fetch_add(message.bytes().size(), std::memory_order_relaxed);
    if (message.header.kind == MessageKind::request)
        calls_taken_.fetch_add(1, std::memory_order_relaxed);
    counters.received_descriptors.fetch_add(message.descriptors().size(),
                                            std::memory_order_relaxed);
}

Result<void> Session::send(Outgoing&& message) {
    bool gone = false;
    {
        const std::scoped_lock lock(mutex_);
        if (dead_) return {};
        auto sent = unread_.empty() ? message.send(end_.get())
                                    : fail(std::errc::resource_unavailable_try_again);
        if (sent) {
            count_sent(message);
            return {};
        }
        if (sent.error() == std::errc::too_many_files_open ||
            sent.error() == std::errc::not_enough_memory)
            return sent;
        gone = sent.error() == std::errc::connection_reset;
        const std::size_t size = message.bytes().size();
        const bool later = sent.error() == std::errc::resource_unavailable_try_again;
        Account::Charge kept = later ? account_->charge_kept_bytes(size) : nullptr;
        if (kept && unread_bytes_ + size <= account_->quota().unread_bytes) {
            unread_bytes_ += size;
            unread_.push_back({std::move(message), std::move(kept)});
            if (!intake_held_) core_.arm(*this, awaited_events_locked());
            return {};
        }
    }
    // A client that ended by itself; or too slow a reader.
    lose(!gone);
    return {};
}

bool Session::send_unread_locked() {
    while (!unread_.empty()) {
        const auto sent = unread_.front().message.send(end_.get());
        if (!sent) {
            if (sent.error() == std::errc::resource_unavailable_try_again) return true;
            // That the peer is gone is shown by the next message from it, or its end. What else
            // there is, such as descriptors on their way that are too many, tells nothing when it
            // is over.
            if (sent.error() != std::errc::connection_reset) return false;
        } else {
            count_sent(unread_.front().message);
        }
        unread_bytes_ -= unread_.front().message.bytes().size();
        unread_.pop_front();
    }
    return true;
}

Snapshot::Channel Session::describe() const {
    Snapshot::Channel channel;
    channel.number = id();
    channel.peer = peer_;
    channel.calls = calls_taken_;
    channel.received_bytes = received_bytes_;
    channel.sent_bytes = sent_bytes_;
    channel.slot = slot_.load(std::memory_order_acquire) != nullptr;
    channel.objects = objects_.list();
    const std::scoped_lock lock(mutex_);
    channel.running_calls = running_;
    channel.waiting_calls = waiting_.size();
    return channel;
}

}  // namespace quire::ipc
