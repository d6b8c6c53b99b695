// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "quire/fs/content_watcher.hpp"
#include "quire/fs/tree_watcher.hpp"

namespace quire::fs {

/// Who watches something, and what is happening to it.
/// Threads: any. Its lock is a leaf but for watchers, who are told of what is under way with it held.
template <typename Watcher, typename Change>
class WatcherList {
public:
    /// The time of one change, as all watchers hear of it; one that comes in the middle as well.
    class Changing {
    public:
        Changing(WatcherList& list, const Change& change);
        ~Changing();
        Changing(const Changing&) = delete;
        Changing& operator=(const Changing&) = delete;

    private:
        friend class WatcherList;
        WatcherList& list_;
        const Change change_;
        std::vector<std::shared_ptr<Watcher>> told_;  // guarded by the list's mutex
    };

    void add(const std::shared_ptr<Watcher>& watcher);

private:
    std::mutex mutex_;
    std::vector<std::weak_ptr<Watcher>> watchers_;
    std::vector<Changing*> changing_;
};

// Who is told of a change is decided when it begins, or later by add(): so each hears both ends.
template <typename Watcher, typename Change>
WatcherList<Watcher, Change>::Changing::Changing(WatcherList& list, const Change& change)
    : list_(list), change_(change) {
    std::vector<std::shared_ptr<Watcher>> told;
    {
        const std::lock_guard lock(list_.mutex_);
        std::erase_if(list_.watchers_, [](const auto& watcher) { return watcher.expired(); });
        for (const auto& watcher : list_.watchers_)
            if (auto living = watcher.lock()) told_.push_back(std::move(living));
        told = told_;
        list_.changing_.push_back(this);
    }
    for (const auto& watcher : told) watcher->begin_change(change_);
}

template <typename Watcher, typename Change>
WatcherList<Watcher, Change>::Changing::~Changing() {
    {
        const std::lock_guard lock(list_.mutex_);
        std::erase(list_.changing_, this);
    }
    for (const auto& watcher : told_) watcher->end_change(change_);
}

template <typename Watcher, typename Change>
void WatcherList<Watcher, Change>::add(const std::shared_ptr<Watcher>& watcher) {
    const std::lock_guard lock(mutex_);
    const auto same = [&](const std::weak_ptr<Watcher>& other) {
        return !other.owner_before(watcher) && !watcher.owner_before(other);
    };
    if (std::ranges::any_of(watchers_, same)) return;
    watchers_.push_back(watcher);
    for (Changing* const changing : changing_) {
        changing->told_.push_back(watcher);
        watcher->begin_change(changing->change_);
    }
}

/// Of one file.
class Watchers : public WatcherList<ContentWatcher, ContentChange> {};
/// Of all of a tree.
class TreeWatchers : public WatcherList<TreeWatcher, TreeChange> {};

}  // namespace quire::fs
