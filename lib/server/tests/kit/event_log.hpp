// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

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
    /// How many told of any of these bits.
    std::size_t count_of(std::uint32_t bits) const {
        std::size_t count = 0;
        for (const Event& event : events()) count += (event.second & bits) != 0 ? 1 : 0;
        return count;
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

inline constexpr std::uint32_t everything = protocols::event_opened | protocols::event_modified |
                                            protocols::event_closed | protocols::event_removed;

/// A log of what happens to something from now on.
inline std::shared_ptr<EventLog> listen(protocols::Notification& to,
                                        std::uint32_t events = everything,
                                        std::uint64_t source = 7) {
    auto log = std::make_shared<EventLog>();
    EXPECT_TRUE(
        to.subscribe(ipc::Call::forever(), ipc::Cap<protocols::Notifier>(log), events, source));
    return log;
}

}  // namespace quire::server
