// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>

#include "client/client_slot.hpp"
#include "client/releases.hpp"
#include "message/incoming.hpp"
#include "message/outgoing.hpp"
#include "quire/base/result.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/decoder.hpp"
#include "quire/ipc/home.hpp"
#include "quire/ipc/remote_object.hpp"
#include "system/fork_watch.hpp"
#include "system/sockets.hpp"
#include "system/wake_up.hpp"

namespace quire::ipc {

/// The client's end of a channel.
///
/// Any number of threads call at once. Calls are numbered; of the threads that wait for replies one
/// leads: it receives, and hands what is not its own to those who wait for it. Who leaves the lead
/// wakes a successor. So no thread is needed besides, and a single caller waits in recvmsg itself.
///
/// A channel belongs to the process that made it: in a forked child every call fails at once, and
/// not even the lock is touched.
/// Threads: any.
class Channel : public std::enable_shared_from_this<Channel>, CapSource {
public:
    /// How many calls may be given up before their replies have come; a server that owes more is
    /// not going to answer.
    static constexpr std::size_t max_abandoned = 4096;
    /// After so many calls a slot is worth its memory.
    static constexpr std::uint32_t calls_until_slot = 32;

    /// `end` must be a channel's. Objects of this process that go over it are served by `home`.
    Channel(UniqueFd end, Home home, bool use_slot = true);

    /// A request and its reply; as RemoteObject::call.
    Result<std::unique_ptr<Incoming>> call(const Call& call, std::uint32_t object,
                                           std::uint32_t opcode, Encoder&& body,
                                           RemoteObject::Discard discard);

    /// A one-way message; as RemoteObject::send.
    Result<void> send(const Call& call, std::uint32_t object, std::uint32_t opcode, Encoder&& body);

    /// Makes the server serve an object at one end of a new gate and returns the other, without
    /// waiting for the server.
    /// Fails: connection_reset, too_many_files_open, timed_out, operation_canceled.
    Result<UniqueFd> make_gate(const Call& call, std::uint32_t object);

    /// Gives up one reference to an object. Never waits; what finds no room goes with the next
    /// message.
    void release(std::uint32_t object) noexcept;
    void flush_releases() noexcept;

    /// Takes what has come, unless somebody is about to. Never waits.
    void take_late_replies();

    /// Ends the channel: every waiting and later call fails with connection_reset.
    void end() noexcept;

    /// Where the capabilities in a received message come from.
    CapSource& cap_source() { return *this; }

    ChannelCounters counters() const;

private:
    struct Waiter {
        std::uint32_t number = 0;
        std::condition_variable changed;
        std::unique_ptr<Incoming> reply;
        bool cancelled = false;
        bool leads = false;
    };

    bool usable() const { return !dead_ && generation_ == process_generation(); }

    Result<CapName> name(const Call& call, const AnyCap& cap);
    Result<Outgoing> seal(const Call& call, Encoder&& body);
    Result<void> transmit(const Call& call, Outgoing& message, const Header& header);
    Result<void> send_control(const Call& call, Control control, Encoder&& body);
    void count_sent(const Outgoing& message);
    void count_received(Incoming& message);

    std::uint32_t number_locked();
    Result<void> prepare_cancellation_locked(const Call& call);
    bool in_use_locked(std::uint32_t number) const;
    Result<std::unique_ptr<Incoming>> call_by_socket(const Call& call, Outgoing& message,
                                                     Header header, RemoteObject::Discard discard);
    // channel_slot.cpp
    bool may_use_slot(const Outgoing& message) const;
    /// Nothing: the call has to be made by the socket.
    std::optional<Result<std::unique_ptr<Incoming>>> call_by_slot(const Call& call,
                                                                  Outgoing& message, Header header,
                                                                  RemoteObject::Discard discard);
    Result<std::unique_ptr<Incoming>> take_slot_reply(std::unique_ptr<Incoming> reply,
                                                      std::uint32_t number);
    void count_before_slot();
    void offer_slot();
    Result<std::unique_ptr<Incoming>> wait(const Call& call, Waiter& waiter,
                                           RemoteObject::Discard discard);
    /// What to tell the waiter when there is no reply yet; nothing: to wait on.
    std::optional<Error> verdict_locked(const Call& call, const Waiter& waiter) const;
    void lead(std::unique_lock<std::mutex>& lock, const Call& call, Waiter& waiter);
    Arrival receive(const Call& call, Incoming& into) const;
    void deliver(std::unique_lock<std::mutex>& lock, std::unique_ptr<Incoming> message);
    void tell_cancelled(std::uint32_t number);
    void cancel_waiter(Waiter& waiter);
    void pass_lead_locked();
    void end_locked() noexcept;

    std::optional<RemoteObject> theirs(std::uint32_t number) override;
    std::optional<AnyCap> ours(std::uint32_t) override { return std::nullopt; }
    RemoteObject gate(UniqueFd descriptor, std::shared_ptr<void> charge) override;

    const std::uint64_t generation_ = process_generation();
    const ProcessFd end_;
    const Home home_;
    const bool use_slot_;
    std::atomic<bool> dead_ = false;
    Releases releases_;

    /// Made once, and published when the server has been told.
    std::unique_ptr<ClientSlot> own_slot_;
    std::atomic<ClientSlot*> slot_ = nullptr;
    std::atomic<std::uint32_t> calls_before_slot_ = calls_until_slot;
    /// One-way messages sent, and those known to be done because a call sent after them has been
    /// answered. What goes through the slot must not overtake any.
    std::atomic<std::uint64_t> one_ways_sent_ = 0;
    std::atomic<std::uint64_t> one_ways_done_ = 0;

    /// Guards everything below.
    std::mutex mutex_;
    std::unordered_map<std::uint32_t, Waiter*> waiting_;
    /// Calls whose reply is still to come, with nobody waiting for it.
    struct Abandoned {
        RemoteObject::Discard discard;
        std::shared_ptr<const void> lent;
    };
    std::unordered_map<std::uint32_t, Abandoned> abandoned_;
    /// How many of them went by the slot. Changed under the lock only.
    std::atomic<std::uint32_t> abandoned_in_slot_ = 0;
    /// Whose request is in the slot; its reply may come by the socket all the same.
    Waiter* slot_waiter_ = nullptr;
    std::uint32_t last_number_ = 0;
    bool led_ = false;
    /// For a leader whose call can be cancelled.
    std::optional<WakeUp> wake_up_;

    struct Counters {
        std::atomic<std::uint64_t> sent_messages = 0;
        std::atomic<std::uint64_t> sent_bytes = 0;
        std::atomic<std::uint64_t> sent_descriptors = 0;
        std::atomic<std::uint64_t> received_messages = 0;
        std::atomic<std::uint64_t> received_bytes = 0;
        std::atomic<std::uint64_t> received_descriptors = 0;
        std::atomic<std::uint64_t> slot_messages = 0;
        std::atomic<std::uint64_t> release_messages = 0;
    };
    Counters counters_;
};

}  // namespace quire::ipc
