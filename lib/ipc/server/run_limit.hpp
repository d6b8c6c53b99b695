// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace quire::ipc {

/// Bounds how many workers are inside objects, so that one always remains to see cancellations and
/// dead clients, which are what ends calls that would otherwise block for ever; and how many of
/// them are there for one client, so that others find some however slow its calls are. Who is not
/// let in is remembered, and is to be asked again when somebody leaves.
/// Threads: any. Its lock is a leaf.
class RunLimit {
public:
    /// What one client has of it, over all its channels.
    class Share {
        friend class RunLimit;
        std::size_t inside_ = 0;  // guarded by the limit's mutex
    };

    explicit RunLimit(std::size_t limit)
        : limit_(limit), share_limit_(std::max<std::size_t>(limit / 2, 1)) {}

    /// Lets one in for a client, or remembers him who asks.
    bool try_enter(const std::shared_ptr<Share>& share, std::uint64_t id) {
        const std::scoped_lock lock(mutex_);
        if (!has_room_for(*share)) return remember(share, id);
        ++share->inside_;
        ++inside_;
        return true;
    }
    /// The same question without entering.
    bool could_enter(const std::shared_ptr<Share>& share, std::uint64_t id) {
        const std::scoped_lock lock(mutex_);
        return has_room_for(*share) || remember(share, id);
    }
    void leave(Share& share) {
        const std::scoped_lock lock(mutex_);
        --share.inside_;
        --inside_;
    }

    /// For nobody's call: lets in if `spare` places remain free then, and remembers nobody.
    bool try_enter_aside(std::size_t spare) {
        const std::scoped_lock lock(mutex_);
        if (inside_ + spare >= limit_) return false;
        ++inside_;
        return true;
    }
    void leave_aside() {
        const std::scoped_lock lock(mutex_);
        --inside_;
    }

    /// Takes one out of those who were not let in, whom there is room for now.
    std::optional<std::uint64_t> next() {
        if (!any_waits_) return std::nullopt;
        const std::scoped_lock lock(mutex_);
        // In turns: ids grow, and a client that comes again has the same.
        auto place = find(waiting_.upper_bound(last_), waiting_.end());
        if (place == waiting_.end()) place = find(waiting_.begin(), waiting_.end());
        if (place == waiting_.end()) return std::nullopt;
        last_ = place->first;
        waiting_.erase(place);
        any_waits_ = !waiting_.empty();
        return last_;
    }

private:
    using Waiting = std::map<std::uint64_t, std::shared_ptr<Share>>;

    bool has_room_for(const Share& share) const {
        return inside_ < limit_ && share.inside_ < share_limit_;
    }
    bool remember(const std::shared_ptr<Share>& share, std::uint64_t id) {
        waiting_.insert_or_assign(id, share);
        any_waits_ = true;
        return false;
    }
    Waiting::iterator find(Waiting::iterator from, Waiting::iterator end) const {
        return std::find_if(from, end, [&](const auto& one) { return has_room_for(*one.second); });
    }

    const std::size_t limit_;
    const std::size_t share_limit_;
    std::atomic<bool> any_waits_ = false;
    std::mutex mutex_;  // guards what follows
    std::size_t inside_ = 0;
    Waiting waiting_;
    std::uint64_t last_ = 0;
};

}  // namespace quire::ipc
