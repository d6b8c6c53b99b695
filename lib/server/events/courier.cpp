// SPDX-License-Identifier: MIT

#include "events/courier.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "quire/ipc/remote_object.hpp"
#include "quire/ipc/request.hpp"

namespace quire::server {

namespace {

/// As protocols/notification.idl has it.
constexpr std::uint32_t notify_opcode = 96;
/// How long a subscriber whose queue is full may hold up the others, each time.
constexpr std::chrono::milliseconds patience{1};
constexpr std::chrono::milliseconds first_pause{10};

// The proxy does not tell whether a one-way message found room, which is what is asked here.
Result<void> tell(protocols::Notifier& notifier, std::uint64_t source, std::uint32_t events) {
    const ipc::RemoteObject* remote = notifier.remote();
    if (remote == nullptr) {
        notifier.notify(ipc::Call::forever(), source, events);
        return {};
    }
    ipc::Request request = remote->request();
    request.encoder().put(source);
    request.encoder().put(events);
    return remote->send(ipc::Call::within(patience), notify_opcode, std::move(request));
}

}  // namespace

struct Courier::State {
    using Ready = std::deque<std::shared_ptr<Subscription>>;

    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    Ready ready;
    std::multimap<ipc::Call::Deadline, std::shared_ptr<Subscription>> paused;
    std::thread thread;  // from the first event on

    void settle(const std::shared_ptr<Subscription>& to, std::uint32_t events,
                const Result<void>& told);
};

Courier::Courier() : state_(std::make_shared<State>()) {}

Courier::~Courier() {
    State::Ready untold;
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        untold.swap(state_->ready);
    }
    state_->changed.notify_one();
    if (!state_->thread.joinable()) return;
    // A subscriber in this process may hold what ends here.
    if (state_->thread.get_id() == std::this_thread::get_id())
        state_->thread.detach();
    else
        state_->thread.join();
}

void Courier::post(const std::shared_ptr<Subscription>& subscription, std::uint32_t events) {
    // As soon as the lock is free, what is told may end the courier.
    const std::shared_ptr<State> state = state_;
    {
        const std::lock_guard lock(state->mutex);
        Subscription& to = *subscription;
        if (!to.notifier_ || state->stopping) return;
        if (to.untold_.size() >= queue_limit)
            to.untold_.back() |= events | protocols::event_overflow;
        else if (to.untold_.empty() || to.untold_.back() != events)
            to.untold_.push_back(events);
        if (std::exchange(to.queued_, true)) return;
        state->ready.push_back(subscription);
        if (!state->thread.joinable()) state->thread = std::thread([state] { run(state); });
    }
    state->changed.notify_one();
}

void Courier::end(const std::shared_ptr<Subscription>& subscription) {
    ipc::Cap<protocols::Notifier> notifier;  // ends after the lock
    const std::lock_guard lock(state_->mutex);
    std::swap(notifier, subscription->notifier_);
    subscription->untold_.clear();
}

std::size_t Courier::busy() const {
    const std::lock_guard lock(state_->mutex);
    return state_->ready.size() + state_->paused.size();
}

// What comes of an event that has been told, or not.
void Courier::State::settle(const std::shared_ptr<Subscription>& to, std::uint32_t events,
                            const Result<void>& told) {
    if (told) {
        to->failures_ = 0;
        to->queued_ = !to->untold_.empty();
        if (to->queued_) ready.push_back(to);
    } else if (told.error() == std::errc::timed_out && ++to->failures_ < attempt_limit) {
        to->untold_.push_front(events);
        const ipc::Call later = ipc::Call::within(first_pause * (1 << to->failures_));
        paused.emplace(*later.deadline(), to);
    } else {
        to->notifier_ = {};
        to->untold_.clear();
        to->queued_ = false;
    }
}

void Courier::run(const std::shared_ptr<State>& state) {
    std::unique_lock lock(state->mutex);
    while (!state->stopping) {
        while (!state->paused.empty() && ipc::Call::until(state->paused.begin()->first).expired()) {
            state->ready.push_back(std::move(state->paused.begin()->second));
            state->paused.erase(state->paused.begin());
        }
        if (state->ready.empty()) {
            if (state->paused.empty())
                state->changed.wait(lock);
            else
                state->changed.wait_until(lock, state->paused.begin()->first);
            continue;
        }
        std::shared_ptr<Subscription> to = std::move(state->ready.front());
        state->ready.pop_front();
        ipc::Cap<protocols::Notifier> notifier = to->notifier_;
        to->queued_ = notifier && !to->untold_.empty();
        if (to->queued_) {
            // Taken out first: the same event that comes meanwhile is another one.
            const std::uint32_t events = to->untold_.front();
            to->untold_.pop_front();
            lock.unlock();
            const auto told = tell(*notifier, to->source_, events);
            lock.lock();
            state->settle(to, events, told);
        }
        // The last references may be here, and their ends are other people's code.
        lock.unlock();
        notifier = {};
        to.reset();
        lock.lock();
    }
    auto paused = std::move(state->paused);
    lock.unlock();
}

}  // namespace quire::server
