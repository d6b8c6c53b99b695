// SPDX-License-Identifier: MIT

#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "quire/protocols/notification.hpp"

namespace quire::server {

/// A notifier that keeps what it is told.
/// Threads: any.
class EventLog final : public protocols::Notifier {
public:
    using Event = std::pair<std::uint64_t, std::uint32_t>;

    void notify(const ipc::Call&, std::uint64_t source, std::uint32_t events) override {
        const std::lock_guard lock(mutex_);
        events_.emplace_back(source, events);
        changed_.notify_all();
    }
    /// Waits until it has been told so often.
    std::vector<Event> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return events_.size() >= count; });
        return events_;
    }
    /// Waits until something is told that has these bits.
    void wait_for_bits(std::uint32_t bits) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] {
            for (const Event& event : events_)
                if ((event.second & bits) == bits) return true;
            return false;
        });
    }
    std::vector<Event> events() const {
        const std::lock_guard lock(mutex_);
        return events_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Event> events_;
};

}  // namespace quire::server
