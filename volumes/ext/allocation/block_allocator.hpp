// SPDX-License-Identifier: MIT

#pragma once

#include <map>
#include <set>
#include <vector>

#include "allocation/inode_allocator.hpp"
#include "content/allocator.hpp"
#include "libext2fs.hpp"
#include "store/block_cache.hpp"

namespace quire::ext {

/// Gives and takes blocks by the bitmaps in memory.
///
/// What is freed counts as free at once, but is not given again before the commit that frees it
/// (committed()): until then a crash brings back the file that owned it. Blocks reserved for the
/// privileged stay theirs.
///
/// Needs: the store's lock; the bitmaps are loaded.
class BlockAllocator final : public Allocator {
public:
    BlockAllocator(ext2_filsys fs, BlockCache& cache, InodeAllocator& inodes)
        : fs_(fs), cache_(cache), inodes_(inodes) {}

    Result<BlockRun> allocate(std::uint64_t goal, std::uint64_t want, BlockUse use) override;
    void release(BlockRun run, BlockUse use) override;
    void release_inode(ext2_ino_t inode) override { inodes_.release(inode, false); }

    /// Whether the operation under way may take reserved blocks.
    void set_privileged(bool privileged) { privileged_ = privileged; }

    void begin();
    void undo();

    /// Blocks that will be free after the next commit and can't be given before.
    std::uint64_t pending() const { return pending_count_; }
    void committed();

    /// Since the last commit: groups whose bitmap changed, metadata blocks that were taken, and
    /// all that was freed.
    const std::set<dgrp_t>& dirty_groups() const { return dirty_groups_; }
    const std::set<std::uint64_t>& fresh_metadata() const { return fresh_metadata_; }
    const std::vector<BlockRun>& freed() const { return freed_; }

private:
    struct Done {
        BlockRun run;
        bool taken = false;
        BlockUse use = BlockUse::data;
    };
    using Pending = std::map<std::uint64_t, std::uint64_t>;  // start → end

    std::uint64_t available() const;
    /// The first run of free blocks at or after `from`, cut at `to`; count 0: none.
    BlockRun next_free(std::uint64_t from, std::uint64_t to) const;
    BlockRun best_run(std::uint64_t goal, std::uint64_t want) const;
    void set_used(BlockRun run, bool used);
    void add_pending(BlockRun run);
    void remove_pending(BlockRun run);

    ext2_filsys fs_;
    BlockCache& cache_;
    InodeAllocator& inodes_;
    bool privileged_ = true;
    Pending pending_;
    std::uint64_t pending_count_ = 0;
    std::set<dgrp_t> dirty_groups_;
    std::set<std::uint64_t> fresh_metadata_;
    std::vector<BlockRun> freed_;
    std::vector<Done> done_;
    std::size_t freed_before_ = 0;  // the length of freed_ at begin()
};

}  // namespace quire::ext
