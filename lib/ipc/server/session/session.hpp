// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "message/incoming.hpp"
#include "message/outgoing.hpp"
#include "quire/base/result.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/snapshot.hpp"
#include "server/endpoint.hpp"
#include "server/session/account.hpp"
#include "server/session/object_table.hpp"
#include "server/session/session_slot.hpp"
#include "system/fork_watch.hpp"

namespace quire::ipc {

class ServerCore;

/// The server's end of a channel: its table of objects, and the calls in progress.
///
/// Messages are taken in by one worker at a time, which then holds the *intake*. It keeps it until
/// the arguments of a call have been decoded, and for the whole of a one-way message; then the next
/// message may be taken by another worker while this one runs the object. So what a message names
/// is looked up before a later release can take it away, and calls still run side by side.
/// Over `running_calls` at once, and while the client does not read its replies, calls and what
/// follows them wait in order; only the cancelling of calls overtakes.
///
/// Locks: `mutex_` guards what is below it in the class; no object is called under it.
class Session final : public Endpoint {
public:
    Session(ServerCore& core, UniqueFd end, std::shared_ptr<Account> account,
            std::shared_ptr<void> place);

    /// Makes `root` object 1. Fails: too_many_files_open.
    Result<void> hand_out_root(const AnyCap& root);

    int fd() const override { return end_.get(); }
    void ready(std::uint32_t events) override;
    void room() override;
    void close() override { lose(false); }

    Snapshot::Channel describe() const;

private:
    friend class ServedCall;
    friend class SessionCaps;

    /// Why a channel ends: the client's fault, or not.
    void lose(bool expelled);
    void expel() { lose(true); }

    // session_intake.cpp: taking messages in.
    enum class Next {
        /// This worker still holds the intake.
        go_on,
        intake_gone,
        lost,
    };
    void take_messages();
    std::unique_ptr<Incoming> next_waiting();
    Next take_new(Incoming& message, SessionSlot* slot = nullptr);
    /// Answers a message some of whose descriptors this process had no room for.
    Next refuse_lost(Incoming& message);
    /// Counts a call that may run at once; false: the message has to wait.
    bool starts_now(const Incoming& message);
    Next enqueue(Incoming& message);
    Next handle(Incoming& message, SessionSlot* slot = nullptr);
    Next control(Incoming& message);
    bool release(Incoming& message);
    bool make_gate(Incoming& message);
    bool probed(Incoming& message);
    bool cancel(Incoming& message);
    void release_intake();
    std::uint32_t awaited_events_locked() const;
    bool call_may_run_locked() const;
    /// Whether there is room for a message to be handled; `start` takes it.
    bool may_start_locked(const Incoming& message, bool start) const;
    bool has_startable_locked() const;

    // session_calls.cpp: running calls.
    Next serve_call(Incoming& message, SessionSlot* slot);
    Next serve_one_way(Incoming& message);
    Next finish_call(bool holds_intake);
    static Outgoing error_reply(std::uint32_t call, const Error& error);
    void send_error(std::uint32_t call, const Error& error);
    Result<CapName> name(const Call& call, const AnyCap& cap, std::vector<std::uint32_t>& given);
    void take_back(const std::vector<std::uint32_t>& given);

    // session_slot.cpp
    bool take_slot(Incoming& message);
    void watch_slot();
    bool await_slot(SessionSlot& slot);
    bool serve_slot(SessionSlot& slot);

    // session.cpp: sending. Fails: too_many_files_open, not_enough_memory; anything else ends the
    // channel.
    Result<void> send(Outgoing&& message);
    /// False: a reply cannot be sent, nor kept until it can.
    bool send_unread_locked();
    void count_sent(const Outgoing& message);
    void count_received(Incoming& message);

    ServerCore& core_;
    const ProcessFd end_;
    const std::shared_ptr<Account> account_;
    const std::shared_ptr<void> place_;
    const Peer peer_;
    ObjectTable objects_;
    std::atomic<std::uint64_t> calls_taken_ = 0;
    std::atomic<std::uint64_t> received_bytes_ = 0;
    std::atomic<std::uint64_t> sent_bytes_ = 0;
    /// Made once, under the lock.
    std::unique_ptr<SessionSlot> own_slot_;
    std::atomic<SessionSlot*> slot_ = nullptr;

    mutable std::mutex mutex_;
    bool dead_ = false;
    bool intake_held_ = false;
    std::size_t running_ = 0;
    std::unordered_map<std::uint32_t, std::stop_source> calls_;
    /// A call that was cancelled before it was taken out of the slot, or 0.
    std::uint32_t cancelled_in_slot_ = 0;
    std::deque<std::unique_ptr<Incoming>> waiting_;
    std::size_t waiting_bytes_ = 0;
    /// Messages that the client has not made room for.
    struct Unread {
        Outgoing message;
        Account::Charge kept;
    };
    std::deque<Unread> unread_;
    std::size_t unread_bytes_ = 0;
};

}  // namespace quire::ipc
