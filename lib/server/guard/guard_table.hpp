// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>

#include "quire/fs/tree.hpp"

namespace quire::server {

/// What the holder of a guard was given: nodes by the guard's numbers, each with the lookups that
/// the holder owes, and what of it is open.
/// Threads: any. Nothing is called, and no reference dropped, with its lock held.
class GuardTable {
public:
    /// A node as it is known here; `moves` says as of when a directory was found to be below the
    /// top (fs::Tree::moves).
    struct Known {
        fs::NodeReference node;
        std::uint64_t moves = 0;
    };

    explicit GuardTable(std::size_t limit) : limit_(limit) {}

    /// One more lookup. Fails: too_many_files_open.
    Result<fs::Cookie> give(const fs::NodeReference& node, std::uint64_t moves);
    /// Fails: std::errc(ESTALE).
    Result<Known> find(fs::Cookie cookie) const;
    /// Fails: std::errc(ESTALE).
    Result<fs::Cookie> find(const fs::Handle& handle) const;
    void confirm(fs::Cookie cookie, std::uint64_t moves);
    void reclaim(fs::Cookie cookie, std::uint64_t lookups);
    std::size_t size() const;

    /// The file as its maker opened it, for whoever opens it first.
    void keep_fresh(fs::Cookie cookie, std::shared_ptr<fs::OpenFile> file);
    std::shared_ptr<fs::OpenFile> take_fresh(fs::Cookie cookie);
    /// Fails: std::errc(ESTALE).
    Result<void> opened(fs::Cookie cookie, fs::OpenMode mode, std::shared_ptr<fs::OpenFile> file);
    /// Fails: std::errc(ESTALE), bad_file_descriptor (not open in this mode).
    Result<void> closed(fs::Cookie cookie, fs::OpenMode mode);
    /// Something that is open at least for `mode`.
    /// Fails: std::errc(ESTALE), bad_file_descriptor.
    Result<std::shared_ptr<fs::OpenFile>> opened_for(fs::Cookie cookie, fs::OpenMode mode) const;

    /// The lock that one of the holder's owners has, or nullptr. Locks end when the node is not
    /// open any more.
    std::shared_ptr<fs::FileLock> lock_of(fs::Cookie cookie, std::uint64_t owner) const;
    /// Fails: std::errc(ESTALE), bad_file_descriptor (not open any more), no_lock_available (too
    /// many owners have one).
    Result<void> keep_lock(fs::Cookie cookie, std::uint64_t owner,
                           std::shared_ptr<fs::FileLock> lock);
    void end_lock(fs::Cookie cookie, std::uint64_t owner);

private:
    struct Slot {
        std::shared_ptr<fs::OpenFile> file;
        std::uint64_t count = 0;
    };
    using Locks = std::map<std::uint64_t, std::shared_ptr<fs::FileLock>>;
    struct Held {
        fs::NodeReference node;
        std::uint64_t lookups = 0;
        std::uint64_t moves = 0;
        std::array<Slot, 4> slots;  // by mode
        std::shared_ptr<fs::OpenFile> fresh;
        Locks locks;  // by owner

        bool open() const {
            return std::ranges::any_of(slots, [](const Slot& slot) { return slot.count != 0; });
        }
    };

    const std::size_t limit_;
    mutable std::mutex mutex_;
    fs::Cookie next_ = 1;
    std::unordered_map<fs::Cookie, Held> held_;
    std::unordered_map<fs::Cookie, fs::Cookie> numbers_;  // by the tree's own cookie
    std::map<fs::Handle, fs::Cookie> handles_;
};

}  // namespace quire::server
