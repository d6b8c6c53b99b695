// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/any_cap.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/server.hpp"
#include "quire/ipc/snapshot.hpp"
#include "server/endpoint.hpp"
#include "server/probes.hpp"
#include "server/run_limit.hpp"
#include "server/session/account.hpp"
#include "server/workers.hpp"
#include "system/fork_watch.hpp"
#include "system/wake_up.hpp"

namespace quire::ipc {

/// What has gone through a server. Only ever added to.
struct ServerCounters {
    std::atomic<std::uint64_t> received_messages = 0;
    std::atomic<std::uint64_t> received_bytes = 0;
    std::atomic<std::uint64_t> received_descriptors = 0;
    std::atomic<std::uint64_t> sent_messages = 0;
    std::atomic<std::uint64_t> sent_bytes = 0;
    std::atomic<std::uint64_t> sent_descriptors = 0;
    std::atomic<std::uint64_t> slot_messages = 0;
    std::atomic<std::uint64_t> accepted_channels = 0;
    std::atomic<std::uint64_t> expelled_channels = 0;
    std::atomic<std::uint64_t> forced_collections = 0;
};

/// The inside of a Server: its set of endpoints and the workers that wait for them.
/// Threads: any. Locks: `mutex_` guards the set; nothing of an endpoint is called under it.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
public:
    static Result<std::shared_ptr<ServerCore>> create(const ServerOptions& options);
    explicit ServerCore(const ServerOptions& options);

    const ServerOptions& options() const { return options_; }
    ServerCounters& counters() { return counters_; }
    std::uint64_t generation() const { return generation_; }

    /// Takes an endpoint into the set and arms it. Fails: operation_canceled (stopping), and as
    /// epoll_ctl(2).
    Result<void> add(std::shared_ptr<Endpoint> endpoint, std::uint32_t events);
    void arm(const Endpoint& endpoint, std::uint32_t events);
    /// Takes it out of the set again; its descriptor stays open as long as somebody uses it.
    void remove(const Endpoint& endpoint);

    Result<void> serve_channel(UniqueFd end, AnyCap root, std::shared_ptr<Account> account);
    Result<void> serve_gate(UniqueFd end, AnyCap cap, std::shared_ptr<Account> account);
    Result<UniqueFd> make_gate(AnyCap cap);
    /// Of one more client, a process of this user; without a user: of this process itself.
    std::shared_ptr<Account> new_account(std::optional<uid_t> user) { return accounts_.open(user); }
    Probes& probes() { return probes_; }

    /// To be called by a worker before it runs what may block.
    void before_blocking() { workers_.before_blocking(); }

    /// Whether a worker may enter an object for this endpoint of a client. When not, the endpoint's
    /// room() is called as soon as there is room.
    bool may_enter_object(const Endpoint& endpoint, const Account& account);
    /// The same question without entering.
    bool could_enter_object(const Endpoint& endpoint, const Account& account);
    void leave_object(const Account& account);
    /// Whether a worker may sleep elsewhere than at the set, for a short time, which takes the same
    /// room, but not the last; to be ended by wake_up().
    bool may_sleep();
    void wake_up();
    /// Whether a worker waits at the set, or is on its way there.
    bool is_attended() const { return workers_.any_idle(); }
    /// Lets the next one look that was not let in, if there is room. To be called without locks.
    void pass_on_room();

    bool has_clients() const;

    /// Counts a call from its arrival until it has been answered and has let go of its object.
    void call_begins() { calls_.fetch_add(1); }
    void call_ends();

    /// Counts the same way, as long as it lives, what may end objects.
    class Ending {
    public:
        explicit Ending(ServerCore& core) : core_(core) { core_.call_begins(); }
        Ending(const Ending&) = delete;
        Ending& operator=(const Ending&) = delete;
        ~Ending() { core_.call_ends(); }

    private:
        ServerCore& core_;
    };

    bool stopping() const { return stopping_; }
    bool stop(Call::Deadline deadline);
    /// Stops at once and waits for the workers. Afterwards the set is empty.
    void shut_down();

    Snapshot snapshot() const;

private:
    Result<void> open();
    std::optional<Workers::Event> wait_for_event(std::chrono::milliseconds at_most);
    void handle(const Workers::Event& event);
    std::vector<std::shared_ptr<Endpoint>> all_endpoints() const;
    void close_endpoints(bool channels_too);
    bool wait_for_calls(Call::Deadline deadline);

    const ServerOptions options_;
    const std::uint64_t generation_ = process_generation();
    ServerCounters counters_;
    std::optional<ProcessFd> epoll_;
    std::optional<WakeUp> stop_bell_;
    std::atomic<bool> stopping_ = false;
    Accounts accounts_;
    Probes probes_;

    RunLimit inside_objects_;
    std::atomic<std::uint64_t> calls_ = 0;
    std::mutex calls_mutex_;
    std::condition_variable calls_ended_;

    mutable std::mutex mutex_;
    std::map<std::uint64_t, std::shared_ptr<Endpoint>> endpoints_;
    std::uint64_t last_id_ = 0;

    /// Last, so that workers are gone before what they use.
    Workers workers_;
};

}  // namespace quire::ipc
