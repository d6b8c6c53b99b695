// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>

namespace quire::ipc {

/// Bounds how many workers are inside objects, so that one always remains to see cancellations and
/// dead clients, which are what ends calls that would otherwise block for ever. Who is not let in
/// is remembered, and is to be asked again when somebody leaves.
/// Threads: any.
class RunLimit {
public:
    explicit RunLimit(std::size_t limit) : limit_(static_cast<std::int64_t>(limit)) {}

    /// Lets in if `spare` places remain free then. Who was not let in was never counted: another one
    /// that leaves must not take it for somebody inside.
    bool try_enter(std::int64_t spare = 0) {
        std::int64_t inside = inside_;
        while (inside < limit_ - spare) {
            if (inside_.compare_exchange_weak(inside, inside + 1)) return true;
        }
        return false;
    }
    bool has_room() const { return inside_ < limit_; }

    /// Remembers who was not let in. Afterwards ask has_room() once more: somebody may have left
    /// just before.
    void remember(std::uint64_t id) {
        const std::scoped_lock lock(mutex_);
        waiting_.insert(id);
        any_waits_ = true;
    }

    void leave() { inside_.fetch_sub(1); }

    /// Takes one out of those who were not let in.
    std::optional<std::uint64_t> next() {
        if (!any_waits_) return std::nullopt;
        const std::scoped_lock lock(mutex_);
        if (waiting_.empty()) return std::nullopt;
        // In turns: ids grow, and a client that comes again has the same.
        auto place = waiting_.upper_bound(last_);
        if (place == waiting_.end()) place = waiting_.begin();
        last_ = *place;
        waiting_.erase(place);
        any_waits_ = !waiting_.empty();
        return last_;
    }

private:
    const std::int64_t limit_;
    std::atomic<std::int64_t> inside_ = 0;
    std::atomic<bool> any_waits_ = false;
    /// Guards what follows.
    std::mutex mutex_;
    std::set<std::uint64_t> waiting_;
    std::uint64_t last_ = 0;
};

}  // namespace quire::ipc
