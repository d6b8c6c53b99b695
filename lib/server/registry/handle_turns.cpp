// SPDX-License-Identifier: MIT

#include "registry/handle_turns.hpp"

#include <algorithm>

namespace quire::server {

HandleTurns::Turn::Turn(HandleTurns& turns, const fs::Handle& handle)
    : turns_(turns), first_(handle) {
    std::unique_lock lock(turns_.mutex_);
    turns_.take(lock, first_);
}

HandleTurns::Turn::Turn(HandleTurns& turns, const fs::Handle& one, const fs::Handle& other)
    : turns_(turns), first_(std::min(one, other)) {
    if (one != other) second_ = std::max(one, other);
    // In one order always, so that no two wait for each other.
    std::unique_lock lock(turns_.mutex_);
    turns_.take(lock, first_);
    if (second_) turns_.take(lock, *second_);
}

HandleTurns::Turn::~Turn() {
    const std::lock_guard lock(turns_.mutex_);
    turns_.give_back(first_);
    if (second_) turns_.give_back(*second_);
}

void HandleTurns::take(std::unique_lock<std::mutex>& lock, const fs::Handle& handle) {
    Place& place = places_[handle];
    ++place.waiting;
    place.freed.wait(lock, [&] { return !place.taken; });
    --place.waiting;
    place.taken = true;
}

void HandleTurns::give_back(const fs::Handle& handle) {
    const auto found = places_.find(handle);
    found->second.taken = false;
    if (found->second.waiting == 0)
        places_.erase(found);
    else
        found->second.freed.notify_one();
}

}  // namespace quire::server
