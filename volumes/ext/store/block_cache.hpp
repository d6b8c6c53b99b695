// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::ext {

/// The metadata blocks of one filesystem in memory. Changed blocks stay here until the store
/// commits them: nothing but a commit makes them reach the device. Unchanged blocks are kept up
/// to a budget, the least recently used going first.
///
/// A savepoint brackets one operation: undo() makes every block what it was at begin(), so that an
/// operation that fails half-way leaves nothing behind.
///
/// Threads: one call at a time (the store's lock).
class BlockCache {
public:
    /// Brings a block's committed content, wherever that is.
    using Fetch = std::function<Result<void>(std::uint64_t block, std::span<std::byte> memory)>;

    BlockCache(std::size_t budget, Fetch fetch) : budget_(budget), fetch_(std::move(fetch)) {}
    BlockCache(const BlockCache&) = delete;
    BlockCache& operator=(const BlockCache&) = delete;

    /// Blocks are of this size from now on; what was kept is dropped. Needs: nothing is dirty.
    void set_block_size(std::uint32_t bytes);
    std::uint32_t block_size() const { return block_size_; }

    /// Fails: as the fetch.
    Result<void> read(std::uint64_t block, std::span<std::byte> memory);
    /// What is kept of a block, or nothing.
    const std::byte* peek(std::uint64_t block) const;
    /// The block becomes dirty unless it is known to hold just this.
    void write(std::uint64_t block, std::span<const std::byte> memory);
    /// These blocks are no metadata any more: what is kept of them will never be written.
    void forget(std::uint64_t block, std::uint64_t count);

    void begin();
    void keep();
    void undo();

    std::size_t dirty_count() const { return dirty_.size(); }
    std::size_t dirty_bytes() const { return dirty_.size() * block_size_; }
    const std::set<std::uint64_t>& dirty() const { return dirty_; }
    bool is_dirty(std::uint64_t block) const { return dirty_.contains(block); }
    /// The dirty blocks have been committed: they are like others now.
    void mark_clean();

    /// Drops what is clean (a test counts what the device has to give again).
    void drop_clean();

private:
    struct Entry {
        std::unique_ptr<std::byte[]> bytes;
        bool dirty = false;
        std::uint64_t saved_in = 0;               // the savepoint that can undo this block already
        std::list<std::uint64_t>::iterator used;  // in recent_, of clean entries only
    };
    /// How to undo the changes of one block: give it these bytes again, or, when there are none,
    /// forget it, since the medium has them.
    struct Saved {
        std::uint64_t block = 0;
        std::unique_ptr<std::byte[]> bytes;
    };
    using Entries = std::unordered_map<std::uint64_t, Entry>;

    std::unique_ptr<std::byte[]> copy(std::span<const std::byte> memory) const;
    Entry& insert_clean(std::uint64_t block, std::unique_ptr<std::byte[]> bytes);
    void save(std::uint64_t block, Entry* entry);
    void make_dirty(std::uint64_t block, Entry& entry);
    void forget(Entries::iterator entry);
    void drop(Entries::iterator entry);
    void shrink();

    std::size_t budget_;
    Fetch fetch_;
    std::uint32_t block_size_ = 1024;
    Entries entries_;
    std::list<std::uint64_t> recent_;  // clean blocks, the most recently used first
    std::set<std::uint64_t> dirty_;
    std::vector<Saved> savepoint_;
    std::uint64_t savepoint_number_ = 0;
    bool in_savepoint_ = false;
};

}  // namespace quire::ext
