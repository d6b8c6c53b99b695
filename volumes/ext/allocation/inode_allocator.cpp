// SPDX-License-Identifier: MIT

#include "allocation/inode_allocator.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

namespace quire::ext {

dgrp_t InodeAllocator::first_group(ext2_ino_t directory, bool is_directory) const {
    const dgrp_t home = ext2fs_group_of_ino(fs_, directory);
    if (!is_directory) return home;
    const std::uint64_t average = fs_->super->s_free_inodes_count / fs_->group_desc_count;
    const std::uint64_t average_blocks =
        ext2fs_free_blocks_count(fs_->super) / fs_->group_desc_count;
    const auto roomy = [&](dgrp_t group) {
        return ext2fs_bg_free_inodes_count(fs_, group) >= average / 2 &&
               ext2fs_bg_free_blocks_count(fs_, group) >= average_blocks / 2;
    };
    for (dgrp_t i = 0; i < fs_->group_desc_count; ++i) {
        const dgrp_t group = (home + i) % fs_->group_desc_count;
        if (roomy(group)) return group;
    }
    return home;
}

ext2_ino_t InodeAllocator::free_in_group(dgrp_t group) const {
    const ext2_ino_t per_group = fs_->super->s_inodes_per_group;
    if (ext2fs_bg_free_inodes_count(fs_, group) == 0) return 0;
    ext2_ino_t at = std::max<ext2_ino_t>(group * per_group + 1, EXT2_FIRST_INO(fs_->super));
    const ext2_ino_t last = (group + 1) * per_group;
    while (at <= last) {
        ext2_ino_t found = 0;
        if (ext2fs_find_first_zero_inode_bitmap2(fs_->inode_map, at, last, &found) != 0) return 0;
        if (!pending_.contains(found)) return found;
        at = found + 1;
    }
    return 0;
}

Result<ext2_ino_t> InodeAllocator::allocate(ext2_ino_t directory, bool is_directory) {
    assert(fs_->inode_map != nullptr);
    const dgrp_t first = first_group(directory, is_directory);
    for (dgrp_t i = 0; i < fs_->group_desc_count; ++i) {
        const ext2_ino_t inode = free_in_group((first + i) % fs_->group_desc_count);
        if (inode == 0) continue;
        QUIRE_TRY(prepare_table_block(inode));
        set_used(inode, true, is_directory);
        fresh_.insert(inode);
        done_.push_back({inode, true, is_directory});
        return inode;
    }
    return fail(std::errc::no_space_on_device, "no free inode is left in the image");
}

void InodeAllocator::release(ext2_ino_t inode, bool is_directory) {
    assert(fs_->inode_map != nullptr);
    if (!ext2fs_test_inode_bitmap2(fs_->inode_map, inode)) return;
    set_used(inode, false, is_directory);
    pending_.insert(inode);
    done_.push_back({inode, false, is_directory});
}

// Where inode tables are initialised lazily, a block of which no inode is in use may hold
// anything; e2fsck looks at its neighbours once one inode is. So the first inode of a block
// begins with a block of zeros.
Result<void> InodeAllocator::prepare_table_block(ext2_ino_t inode) {
    const dgrp_t group = ext2fs_group_of_ino(fs_, inode);
    if (!ext2fs_has_group_desc_csum(fs_) || ext2fs_bg_flags_test(fs_, group, EXT2_BG_INODE_ZEROED))
        return {};
    const ext2_ino_t per_block = EXT2_INODES_PER_BLOCK(fs_->super);
    const ext2_ino_t index = (inode - 1) % fs_->super->s_inodes_per_group;
    const ext2_ino_t first = inode - index % per_block;
    const ext2_ino_t group_end = (group + 1) * fs_->super->s_inodes_per_group;
    const ext2_ino_t last = std::min(first + per_block - 1, group_end);
    ext2_ino_t used = 0;
    if (ext2fs_find_first_set_inode_bitmap2(fs_->inode_map, first, last, &used) == 0) return {};
    const std::uint64_t block = ext2fs_inode_table_loc(fs_, group) + index / per_block;
    const std::vector<std::byte> zeros(cache_.block_size());
    cache_.write(block, zeros);
    // The library may hold an older copy of this block.
    ext2fs_flush_icache(fs_);
    return {};
}

void InodeAllocator::set_used(ext2_ino_t inode, bool used, bool is_directory) {
    dirty_groups_.insert(ext2fs_group_of_ino(fs_, inode));
    // The flag tells the store of inodes that the library took by itself, in groups unknown.
    const int flag = fs_->flags & EXT2_FLAG_IB_DIRTY;
    ext2fs_inode_alloc_stats2(fs_, inode, used ? +1 : -1, is_directory ? 1 : 0);
    fs_->flags = (fs_->flags & ~EXT2_FLAG_IB_DIRTY) | flag;
}

void InodeAllocator::undo() {
    for (auto step = done_.rbegin(); step != done_.rend(); ++step) {
        set_used(step->inode, !step->taken, step->is_directory);
        if (step->taken)
            fresh_.erase(step->inode);
        else
            pending_.erase(step->inode);
    }
    done_.clear();
}

void InodeAllocator::committed() {
    pending_.clear();
    fresh_.clear();
    dirty_groups_.clear();
    done_.clear();
}

}  // namespace quire::ext
