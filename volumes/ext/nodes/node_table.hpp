// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"
#include "quire/fs/observer.hpp"

namespace quire::ext {

/// An inode that somebody outside has looked up.
struct Node {
    explicit Node(ext2_ino_t number) : inode(number) {}

    const ext2_ino_t inode;
    /// Exclusive while the content changes, shared while it is read: a read sees a write whole or
    /// not at all. Taken after the pass through the gate and before the store's lock.
    std::shared_mutex content;
    /// The last name has gone; the last lookup's answer frees the inode.
    std::atomic<bool> unlinked = false;
    /// Blocks past the end are still to be freed, before the file may grow.
    std::atomic<bool> truncating = false;

private:
    friend class NodeTable;
    std::uint64_t lookups_ = 0;
};

/// The nodes with open lookups. Their cookies are their inode numbers.
/// Threads: any; counts change under the store's lock, so that "nobody has it open" stays true
/// while an operation on names relies on it.
class NodeTable {
public:
    /// Fails: ESTALE (no open lookup).
    Result<std::shared_ptr<Node>> find(fs::Cookie cookie) const {
        std::lock_guard lock(mutex_);
        auto found =
            cookie <= ~ext2_ino_t{0} ? nodes_.find(static_cast<ext2_ino_t>(cookie)) : nodes_.end();
        if (found == nodes_.end()) return fail(static_cast<std::errc>(ESTALE));
        return found->second;
    }

    bool contains(ext2_ino_t inode) const {
        std::lock_guard lock(mutex_);
        return nodes_.contains(inode);
    }

    /// Counts a lookup.
    void add(ext2_ino_t inode) {
        std::lock_guard lock(mutex_);
        auto& node = nodes_[inode];
        if (!node) node = std::make_shared<Node>(inode);
        ++node->lookups_;
    }

    /// Answers lookups; the node when there are none left.
    std::shared_ptr<Node> drop(fs::Cookie cookie, std::uint64_t lookups) {
        std::lock_guard lock(mutex_);
        auto found = nodes_.find(static_cast<ext2_ino_t>(cookie));
        if (found == nodes_.end()) return nullptr;
        auto node = found->second;
        node->lookups_ -= std::min(node->lookups_, lookups);
        if (node->lookups_ > 0) return nullptr;
        nodes_.erase(found);
        return node;
    }

    /// How many nodes have open lookups.
    std::size_t size() const {
        std::lock_guard lock(mutex_);
        return nodes_.size();
    }

    /// Takes all nodes out, for an unmount by force.
    std::unordered_map<ext2_ino_t, std::shared_ptr<Node>> take_all() {
        std::lock_guard lock(mutex_);
        return std::exchange(nodes_, {});
    }

private:
    mutable std::mutex mutex_;
    std::unordered_map<ext2_ino_t, std::shared_ptr<Node>> nodes_;
};

}  // namespace quire::ext
