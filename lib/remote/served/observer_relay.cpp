// SPDX-License-Identifier: MIT

#include "served/observer_relay.hpp"

#include <system_error>
#include <utility>

namespace quire::remote {

ObserverRelay::~ObserverRelay() = default;

void ObserverRelay::set(Cap observer) {
    std::deque<Event> old;
    const std::scoped_lock lock(mutex_);
    // What the one before has not heard is not for the next one.
    old.swap(queue_);
    std::swap(observer_, observer);
}

// A thread is made when there is something to send: most clients never hear of anything.
bool ObserverRelay::has_sender_locked() {
    if (sender_.joinable()) return true;
    try {
        sender_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    } catch (const std::system_error&) {
        return false;
    }
    return true;
}

void ObserverRelay::add(fs::Cookie node, Event event) {
    if (!concerns_(node)) return;
    {
        const std::scoped_lock lock(mutex_);
        if (!observer_ || given_up_) return;
        if (queue_.size() < limit_ && has_sender_locked()) {
            queue_.push_back(std::move(event));
            changed_.notify_one();
            return;
        }
        given_up_ = true;
        queue_.clear();
    }
    give_up_();
}

void ObserverRelay::run(const std::stop_token& stop) {
    const ipc::Call call = ipc::Call::forever().cancelled_by(stop);
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [&] { return !queue_.empty(); })) {
        Event event = std::move(queue_.front());
        queue_.pop_front();
        Cap observer = observer_;
        lock.unlock();
        if (observer) event(*observer, call);
        // It may have been the last to hold it, and then somebody is told.
        observer = nullptr;
        lock.lock();
    }
}

void ObserverRelay::invalidate_name(fs::Cookie directory, const Name& name) {
    add(directory, [directory, name](auto& observer, const ipc::Call& call) {
        observer.invalidate_name(call, directory, name.view());
    });
}

void ObserverRelay::invalidate_attributes(fs::Cookie node) {
    add(node, [node](auto& observer, const ipc::Call& call) {
        observer.invalidate_attributes(call, node);
    });
}

void ObserverRelay::invalidate_content(fs::Cookie node, block::Range range) {
    add(node, [node, range](auto& observer, const ipc::Call& call) {
        observer.invalidate_content(call, node, {range.offset, range.length});
    });
}

void ObserverRelay::revoke(fs::Cookie node) {
    add(node, [node](auto& observer, const ipc::Call& call) { observer.revoke(call, node); });
}

}  // namespace quire::remote
