// SPDX-License-Identifier: MIT

#include "quire/client/events.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>

namespace quire::client {

struct EventQueue::State {
    void post(Event event);
    std::optional<Event> take_locked();
    bool full() const { return events.size() >= limit; }
    std::deque<Event>::iterator latest_of(std::uint64_t source);

    std::mutex mutex;
    std::condition_variable_any changed;
    std::deque<Event> events;
};

void EventQueue::State::post(Event event) {
    {
        const std::lock_guard lock(mutex);
        const auto same = full() ? latest_of(event.source) : events.end();
        if (same != events.end())
            same->events |= event.events | protocols::event_overflow;
        else if (!events.empty() && events.back().source == event.source)
            events.back().events |= event.events;
        else
            events.push_back(event);
    }
    changed.notify_one();
}

std::deque<Event>::iterator EventQueue::State::latest_of(std::uint64_t source) {
    const auto found = std::find_if(events.rbegin(), events.rend(),
                                    [&](const Event& event) { return event.source == source; });
    return found == events.rend() ? events.end() : std::prev(found.base());
}

std::optional<Event> EventQueue::State::take_locked() {
    if (events.empty()) return std::nullopt;
    const Event event = events.front();
    events.pop_front();
    return event;
}

class EventQueue::Receiver final : public protocols::Notifier {
public:
    Receiver(std::weak_ptr<State> state, std::uint64_t source)
        : state_(std::move(state)), source_(source) {}
    // The server, or what is left of the way to it, holds this as long as something may come.
    ~Receiver() override {
        if (const auto state = state_.lock()) state->post({source_, protocols::event_ended});
    }
    // The number comes back from outside; what counts is whose receiver this is.
    void notify(const ipc::Call&, std::uint64_t, std::uint32_t events) override {
        if (const auto state = state_.lock()) state->post({source_, events});
    }

private:
    const std::weak_ptr<State> state_;
    const std::uint64_t source_;
};

EventQueue::EventQueue() : state_(std::make_shared<State>()) {}

Result<Event> EventQueue::wait(const ipc::Call& call) {
    std::unique_lock lock(state_->mutex);
    const auto there = [&] { return !state_->events.empty(); };
    if (call.deadline()) {
        state_->changed.wait_until(lock, call.token(), *call.deadline(), there);
    } else {
        state_->changed.wait(lock, call.token(), there);
    }
    if (const auto event = state_->take_locked()) return *event;
    return fail(call.cancelled() ? std::errc::operation_canceled : std::errc::timed_out);
}

std::optional<Event> EventQueue::poll() {
    const std::lock_guard lock(state_->mutex);
    return state_->take_locked();
}

ipc::Cap<protocols::Notifier> EventQueue::notifier(std::uint64_t source) const {
    return ipc::Cap<protocols::Notifier>(std::make_shared<Receiver>(state_, source));
}

}  // namespace quire::client
