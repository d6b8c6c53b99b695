// SPDX-License-Identifier: MIT

#pragma once

#include <set>
#include <vector>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"
#include "store/block_cache.hpp"

namespace quire::ext {

/// Gives and takes inodes by the bitmaps in memory. A freed inode is not given again before the
/// commit that frees it.
///
/// A file goes into its directory's group, a directory too unless that group is fuller than
/// others; where there is no room, the next group that has some. The same image and the same
/// requests give the same inodes.
///
/// Needs: the store's lock; the bitmaps are loaded.
class InodeAllocator {
public:
    InodeAllocator(ext2_filsys fs, BlockCache& cache) : fs_(fs), cache_(cache) {}

    /// Fails: no_space_on_device, io_error.
    Result<ext2_ino_t> allocate(ext2_ino_t directory, bool is_directory);
    void release(ext2_ino_t inode, bool is_directory);

    void begin() { done_.clear(); }
    void undo();
    bool has_pending() const { return !pending_.empty(); }
    bool is_fresh(ext2_ino_t inode) const { return fresh_.contains(inode); }
    void committed();

    const std::set<dgrp_t>& dirty_groups() const { return dirty_groups_; }

private:
    struct Done {
        ext2_ino_t inode = 0;
        bool taken = false;
        bool is_directory = false;
    };

    dgrp_t first_group(ext2_ino_t directory, bool is_directory) const;
    ext2_ino_t free_in_group(dgrp_t group) const;
    Result<void> prepare_table_block(ext2_ino_t inode);
    void set_used(ext2_ino_t inode, bool used, bool is_directory);

    ext2_filsys fs_;
    BlockCache& cache_;
    std::set<ext2_ino_t> pending_;
    std::set<ext2_ino_t> fresh_;  // taken since the last commit
    std::set<dgrp_t> dirty_groups_;
    std::vector<Done> done_;
};

}  // namespace quire::ext
