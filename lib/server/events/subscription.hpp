// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

#include "quire/protocols/notification.hpp"

namespace quire::server {

/// Somebody who wants to hear of something, and what it has not been told yet.
class Subscription {
public:
    Subscription(ipc::Cap<protocols::Notifier> notifier, std::uint32_t events, std::uint64_t source)
        : events_(events), source_(source), notifier_(std::move(notifier)) {}

    std::uint32_t events() const { return events_; }

private:
    friend class Courier;

    const std::uint32_t events_;
    const std::uint64_t source_;

    // Everything below is guarded by the courier's lock.
    ipc::Cap<protocols::Notifier> notifier_;  // none: it has ended
    std::deque<std::uint32_t> untold_;
    bool queued_ = false;
    int failures_ = 0;  // one after the other
};

}  // namespace quire::server
