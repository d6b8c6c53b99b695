// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::ipc {

/// Threads that wait for events and handle them. One at least always waits, up to the quota: a
/// worker that is about to do what may block sees to it first (`before_blocking`). Who waits too
/// long in vain goes, unless it is the last.
/// Threads: any, but stop(), which a worker must not call.
class Workers {
public:
    /// Something to do: whose, and what (as epoll has it).
    struct Event {
        std::uint64_t id = 0;
        std::uint32_t events = 0;
    };
    struct Plan {
        std::size_t max = 1;
        std::chrono::milliseconds idle_time{1000};
        /// Waits at most so long for an event; nothing: in vain.
        std::function<std::optional<Event>(std::chrono::milliseconds)> wait;
        std::function<void(const Event&)> handle;
    };

    Workers() = default;
    ~Workers() { stop(); }

    /// Fails: resource_unavailable_try_again (no thread).
    Result<void> start(Plan plan);
    void before_blocking();
    bool any_idle() const { return idle_.load(std::memory_order_relaxed) > 0; }
    /// Waits for all workers to return; whoever waits for events must have been woken.
    void stop();
    bool stopping() const { return stopping_; }
    std::size_t count() const;

private:
    void run();
    bool may_leave();
    Result<void> add_locked();
    void join_finished_locked();

    Plan plan_;
    std::atomic<bool> stopping_ = false;
    /// Workers that wait for events, or are on their way to.
    std::atomic<std::size_t> idle_ = 0;
    /// Guards everything below.
    mutable std::mutex mutex_;
    std::map<std::thread::id, std::thread> threads_;
    std::vector<std::thread> finished_;
};

}  // namespace quire::ipc
