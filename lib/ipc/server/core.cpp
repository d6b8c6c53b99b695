// SPDX-License-Identifier: MIT

#include "server/core.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/collector.hpp"
#include "server/gate_port.hpp"
#include "server/session/session.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

namespace {

/// The id of the bell that wakes all workers when the server stops.
constexpr std::uint64_t bell_id = 0;

/// Descriptors that this process needs for other things: files, timers, messages on their way.
constexpr std::size_t descriptors_of_its_own = 128;

constexpr rlim_t usual_limit = 1024;
constexpr rlim_t most_descriptors = 1U << 20U;

}  // namespace

std::size_t ServerOptions::descriptors_for_clients() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = usual_limit;
    const std::size_t all = std::min(limit.rlim_cur, most_descriptors);
    return all - std::min(descriptors_of_its_own, all / 2);
}

ServerCore::ServerCore(const ServerOptions& options)
    : options_(options),
      accounts_(options.quota, {.channels = options.max_channels,
                                .descriptors = options.max_descriptors,
                                .objects = options.max_objects}),
      inside_objects_(std::max<std::size_t>(options.max_workers, 2) - 1) {}

Result<std::shared_ptr<ServerCore>> ServerCore::create(const ServerOptions& options) {
    auto core = std::make_shared<ServerCore>(options);
    QUIRE_TRY(core->open());
    return core;
}

Result<void> ServerCore::open() {
    UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail_errno();
    epoll_.emplace(std::move(epoll));
    QUIRE_TRY_ASSIGN(stop_bell_, WakeUp::create());
    epoll_event bell{EPOLLIN, {.u64 = bell_id}};
    if (::epoll_ctl(epoll_->get(), EPOLL_CTL_ADD, stop_bell_->fd(), &bell) != 0)
        return fail_errno();
    QUIRE_TRY_ASSIGN(auto collector, Collector::create(*this, options_.collection_interval));
    QUIRE_TRY(add(std::move(collector), EPOLLIN));
    return workers_.start({
        .max = std::max<std::size_t>(options_.max_workers, 2),
        .idle_time = options_.idle_worker_time,
        .wait = [this](std::chrono::milliseconds at_most) { return wait_for_event(at_most); },
        .handle = [this](const Workers::Event& event) { handle(event); },
    });
}

std::optional<Workers::Event> ServerCore::wait_for_event(std::chrono::milliseconds at_most) {
    epoll_event event{};
    const int count =
        ::epoll_wait(epoll_->get(), &event, 1,
                     static_cast<int>(std::min<std::int64_t>(at_most.count(), 3'600'000)));
    // An interrupted wait is one in vain that took less time.
    if (count <= 0) return std::nullopt;
    return Workers::Event{event.data.u64, event.events};
}

void ServerCore::handle(const Workers::Event& event) {
    std::shared_ptr<Endpoint> endpoint;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = endpoints_.find(event.id);
        // Nothing: the bell, or an endpoint that has ended meanwhile.
        if (found == endpoints_.end()) return;
        endpoint = found->second;
    }
    endpoint->ready(event.events);
}

Result<void> ServerCore::add(std::shared_ptr<Endpoint> endpoint, std::uint32_t events) {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return fail(std::errc::operation_canceled, "the server is stopping");
    endpoint->set_id(++last_id_);
    epoll_event event{events | EPOLLONESHOT, {.u64 = endpoint->id()}};
    if (::epoll_ctl(epoll_->get(), EPOLL_CTL_ADD, endpoint->fd(), &event) != 0) return fail_errno();
    endpoints_.emplace(endpoint->id(), std::move(endpoint));
    return {};
}

void ServerCore::arm(const Endpoint& endpoint, std::uint32_t events) {
    epoll_event event{events | EPOLLONESHOT, {.u64 = endpoint.id()}};
    // Fails for one that was removed meanwhile, which is as it should be.
    (void)::epoll_ctl(epoll_->get(), EPOLL_CTL_MOD, endpoint.fd(), &event);
}

void ServerCore::remove(const Endpoint& endpoint) {
    std::shared_ptr<Endpoint> last;
    const std::scoped_lock lock(mutex_);
    const auto found = endpoints_.find(endpoint.id());
    if (found == endpoints_.end()) return;
    (void)::epoll_ctl(epoll_->get(), EPOLL_CTL_DEL, endpoint.fd(), nullptr);
    last = std::move(found->second);
    endpoints_.erase(found);
}

Result<void> ServerCore::serve_channel(UniqueFd end, AnyCap root,
                                       std::shared_ptr<Account> account) {
    if (!is_channel(end.get())) return fail(std::errc::not_a_socket, "this is no channel");
    auto charge = account->charge_channel();
    if (!charge)
        return fail(std::errc::too_many_files_open, "there is no room for one more channel");
    auto session =
        std::make_shared<Session>(*this, std::move(end), std::move(account), std::move(charge));
    QUIRE_TRY(session->hand_out_root(root));
    QUIRE_TRY(add(session, EPOLLIN));
    counters_.accepted_channels.fetch_add(1, std::memory_order_relaxed);
    return {};
}

Result<void> ServerCore::serve_gate(UniqueFd end, AnyCap cap, std::shared_ptr<Account> account) {
    if (!is_channel(end.get())) return fail(std::errc::not_a_socket, "this is no gate");
    auto charge = account->charge_gate();
    if (!charge) return fail(std::errc::too_many_files_open, "the client has too many gates");
    return add(std::make_shared<GatePort>(*this, std::move(end), std::move(cap), std::move(account),
                                          std::move(charge)),
               EPOLLIN);
}

Result<UniqueFd> ServerCore::make_gate(AnyCap cap) {
    QUIRE_TRY_ASSIGN(SocketPair pair, make_socket_pair());
    QUIRE_TRY(serve_gate(std::move(pair.theirs), std::move(cap), new_account(std::nullopt)));
    return std::move(pair.ours);
}

bool ServerCore::may_enter_object(const Endpoint& endpoint, const Account& account) {
    return inside_objects_.try_enter(account.running(), endpoint.id());
}

bool ServerCore::could_enter_object(const Endpoint& endpoint, const Account& account) {
    return inside_objects_.could_enter(account.running(), endpoint.id());
}

void ServerCore::leave_object(const Account& account) {
    inside_objects_.leave(*account.running());
    pass_on_room();
}

bool ServerCore::may_sleep() {
    if (stopping_) return false;
    before_blocking();
    return is_attended() && inside_objects_.try_enter_aside(1);
}

void ServerCore::wake_up() {
    inside_objects_.leave_aside();
    pass_on_room();
}

void ServerCore::pass_on_room() {
    while (const auto id = inside_objects_.next()) {
        std::shared_ptr<Endpoint> endpoint;
        {
            const std::scoped_lock lock(mutex_);
            const auto found = endpoints_.find(*id);
            if (found != endpoints_.end()) endpoint = found->second;
        }
        // It passes on what it does not need; it may be gone.
        if (endpoint) return endpoint->room();
    }
}

bool ServerCore::has_clients() const {
    const std::scoped_lock lock(mutex_);
    // One endpoint is the timer that asks.
    return endpoints_.size() > 1;
}

void ServerCore::call_ends() {
    if (calls_.fetch_sub(1) > 1 || !stopping_) return;
    const std::scoped_lock lock(calls_mutex_);
    calls_ended_.notify_all();
}

std::vector<std::shared_ptr<Endpoint>> ServerCore::all_endpoints() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::shared_ptr<Endpoint>> all;
    all.reserve(endpoints_.size());
    for (const auto& [id, endpoint] : endpoints_) all.push_back(endpoint);
    return all;
}

void ServerCore::close_endpoints(bool channels_too) {
    for (const auto& endpoint : all_endpoints()) {
        if (!channels_too && std::dynamic_pointer_cast<Session>(endpoint)) continue;
        remove(*endpoint);
        endpoint->close();
    }
}

bool ServerCore::stop(Call::Deadline deadline) {
    stopping_ = true;
    close_endpoints(false);
    const bool finished = wait_for_calls(deadline);
    close_endpoints(true);
    // A channel that was lost meanwhile may be letting go of its objects yet.
    (void)wait_for_calls(deadline);
    return finished;
}

bool ServerCore::wait_for_calls(Call::Deadline deadline) {
    std::unique_lock lock(calls_mutex_);
    return calls_ended_.wait_until(lock, deadline, [this] { return calls_ == 0; });
}

void ServerCore::shut_down() {
    stopping_ = true;
    close_endpoints(true);
    stop_bell_->ring();
    workers_.stop();
}

Snapshot ServerCore::snapshot() const {
    Snapshot snapshot;
    for (const auto& endpoint : all_endpoints()) {
        if (const auto session = std::dynamic_pointer_cast<Session>(endpoint)) {
            snapshot.channels.push_back(session->describe());
        } else if (const auto gate = std::dynamic_pointer_cast<GatePort>(endpoint)) {
            snapshot.gates.push_back({gate->interface_name()});
        }
    }
    snapshot.workers = workers_.count();
    snapshot.received_messages = counters_.received_messages;
    snapshot.received_bytes = counters_.received_bytes;
    snapshot.received_descriptors = counters_.received_descriptors;
    snapshot.sent_messages = counters_.sent_messages;
    snapshot.sent_bytes = counters_.sent_bytes;
    snapshot.sent_descriptors = counters_.sent_descriptors;
    snapshot.slot_messages = counters_.slot_messages;
    snapshot.accepted_channels = counters_.accepted_channels;
    snapshot.expelled_channels = counters_.expelled_channels;
    snapshot.forced_collections = counters_.forced_collections;
    return snapshot;
}

}  // namespace quire::ipc
