// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "events/subscription.hpp"

namespace quire::server {

/// Brings events to those who subscribed, from a thread of its own: who causes events never waits
/// for who hears of them.
///
/// Each subscriber is told in order. What one does not take is kept up to a bound, behind which the
/// latest events become one that has `event_overflow`. Who takes nothing is asked more and more
/// seldom, and then no more.
/// Threads: any. Its lock is a leaf.
class Courier {
public:
    /// Events that are kept for one subscription.
    static constexpr std::size_t queue_limit = 16;
    /// Attempts, one after the other, after which a subscriber is given up.
    static constexpr int attempt_limit = 8;

    Courier();
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;
    /// What has not been told is dropped.
    ~Courier();

    void post(const std::shared_ptr<Subscription>& subscription, std::uint32_t events);
    /// Nothing more is told; an event that is just being told may still arrive.
    void end(const std::shared_ptr<Subscription>& subscription);

    /// Subscriptions that have something to be told. For tests.
    std::size_t busy() const;

private:
    struct State;
    static void run(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;  // the thread's too
};

}  // namespace quire::server
