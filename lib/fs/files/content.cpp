// SPDX-License-Identifier: MIT

#include "files/content.hpp"

#include "quire/fs/tree.hpp"
#include "tree_turn.hpp"

namespace quire::fs {

void EndGate::lock() {
    std::unique_lock lock(mutex_);
    const std::uint64_t place = next_++;
    ++waiting_;
    freed_.wait(lock, [&] { return now_ == place && sharing_ == 0; });
    --waiting_;
}

void EndGate::unlock() {
    {
        const std::lock_guard lock(mutex_);
        ++now_;
        if (waiting_ == 0) return;
    }
    freed_.notify_all();
}

void EndGate::lock_shared() {
    {
        std::unique_lock lock(mutex_);
        const std::uint64_t place = next_++;
        ++waiting_;
        freed_.wait(lock, [&] { return now_ == place; });
        --waiting_;
        ++now_;
        ++sharing_;
        if (waiting_ == 0) return;
    }
    freed_.notify_all();
}

void EndGate::unlock_shared() {
    {
        const std::lock_guard lock(mutex_);
        if (--sharing_ != 0 || waiting_ == 0) return;
    }
    freed_.notify_all();
}

std::size_t EndGate::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
}

FileLock::~FileLock() {
    // The volume's own failure to unlock is nobody's to mend.
    (void)become(Call::as_root(), AdvisoryLock::Kind::unlock);
}

// The tree is one user of the volume, with one lock for all of its own.
Result<void> FileLock::become(const Call& call, AdvisoryLock::Kind kind) {
    using Kind = AdvisoryLock::Kind;
    const std::lock_guard guard(content_->locks_mutex);
    const std::size_t others_sharing = content_->sharing - (kind_ == Kind::shared ? 1 : 0);
    const bool other_exclusive = content_->exclusive && kind_ != Kind::exclusive;
    const bool refused = kind == Kind::exclusive ? other_exclusive || others_sharing != 0
                                                 : kind == Kind::shared && other_exclusive;
    if (refused) return fail(std::errc::device_or_resource_busy);

    const auto together = [](bool exclusive, std::size_t sharing) {
        return exclusive ? Kind::exclusive : sharing != 0 ? Kind::shared : Kind::unlock;
    };
    const bool exclusive = other_exclusive || kind == Kind::exclusive;
    const std::size_t sharing = others_sharing + (kind == Kind::shared ? 1 : 0);
    const Kind before = together(content_->exclusive, content_->sharing);
    const Kind after = together(exclusive, sharing);
    Result<void> told;
    if (after != before && tree_->volume_->supports(Operation::advisory_lock)) {
        const Tree::Turn turn(*tree_, node_->cookie());
        told = tree_->volume_->advisory_lock(call, node_->cookie(), {.kind = after, .range = {}});
        if (!told && told.error() == std::errc::operation_not_supported) told = {};
    }
    if (!told && kind != Kind::unlock) return told;
    content_->exclusive = exclusive;
    content_->sharing = sharing;
    kind_ = kind;
    return told;
}

}  // namespace quire::fs
