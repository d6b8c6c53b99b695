// SPDX-License-Identifier: MIT

// The commit: what is kept in memory in libext2fs's own form (bitmaps, descriptors, superblock)
// becomes blocks like all others, and the medium writes all changed blocks at once.

#include <fmt/core.h>

#include <cstring>

#include "errors.hpp"
#include "store/mmp.hpp"
#include "store/store.hpp"
#include "superblock/superblock.hpp"
#include "superblock/superblock_patch.hpp"

namespace quire::ext {

Result<void> Store::stage_block_bitmap(dgrp_t group) {
    if (ext2fs_has_group_desc_csum(fs_) && ext2fs_bg_flags_test(fs_, group, EXT2_BG_BLOCK_UNINIT))
        return {};
    const std::uint64_t bits = EXT2_CLUSTERS_PER_GROUP(fs_->super);
    std::vector<std::byte> bitmap(block_size_, std::byte{0xff});
    char* bytes = reinterpret_cast<char*>(bitmap.data());
    QUIRE_TRY(check(ext2fs_get_block_bitmap_range2(
                        fs_->block_map, fs_->super->s_first_data_block + group * bits, bits, bytes),
                    "writing a block bitmap"));
    if (group == fs_->group_desc_count - 1) {
        // What lies past the end counts as used.
        const std::uint64_t blocks = block_count_ - fs_->super->s_first_data_block - group * bits;
        for (std::uint64_t bit = blocks; bit < std::uint64_t{block_size_} * 8; ++bit)
            ext2fs_set_bit64(bit, bytes);
    }
    QUIRE_TRY(check(ext2fs_block_bitmap_csum_set(fs_, group, bytes, static_cast<int>(bits / 8)),
                    "writing a block bitmap"));
    ext2fs_group_desc_csum_set(fs_, group);
    cache_->write(ext2fs_block_bitmap_loc(fs_, group), bitmap);
    return {};
}

Result<void> Store::stage_inode_bitmap(dgrp_t group) {
    if (ext2fs_has_group_desc_csum(fs_) && ext2fs_bg_flags_test(fs_, group, EXT2_BG_INODE_UNINIT))
        return {};
    const std::uint64_t bits = fs_->super->s_inodes_per_group;
    std::vector<std::byte> bitmap(block_size_, std::byte{0xff});
    char* bytes = reinterpret_cast<char*>(bitmap.data());
    QUIRE_TRY(check(ext2fs_get_inode_bitmap_range2(fs_->inode_map, group * bits + 1, bits, bytes),
                    "writing an inode bitmap"));
    QUIRE_TRY(check(ext2fs_inode_bitmap_csum_set(fs_, group, bytes, static_cast<int>(bits / 8)),
                    "writing an inode bitmap"));
    ext2fs_group_desc_csum_set(fs_, group);
    cache_->write(ext2fs_inode_bitmap_loc(fs_, group), bitmap);
    return {};
}

Result<void> Store::stage_bitmaps() {
    for (dgrp_t group : blocks_->dirty_groups()) QUIRE_TRY(stage_block_bitmap(group));
    for (dgrp_t group : inodes_->dirty_groups()) QUIRE_TRY(stage_inode_bitmap(group));
    return {};
}

Result<void> Store::stage_descriptors() {
    const auto* descriptors = reinterpret_cast<const std::byte*>(fs_->group_desc);
    for (unsigned long i = 0; i < fs_->desc_blocks; ++i) {
        const std::span block(descriptors + i * block_size_, block_size_);
        std::byte* committed = descriptors_committed_.data() + i * block_size_;
        if (std::memcmp(committed, block.data(), block_size_) == 0) continue;
        std::memcpy(committed, block.data(), block_size_);
        cache_->write(ext2fs_descriptor_block_loc2(fs_, fs_->super->s_first_data_block,
                                                   static_cast<dgrp_t>(i)),
                      block);
    }
    return {};
}

Result<void> Store::stage_superblock() {
    const Time time = now();
    fs_->super->s_wtime = static_cast<__u32>(time.seconds);
    fs_->super->s_wtime_hi = static_cast<__u8>(time.seconds >> 32);
    super_committed_ = *fs_->super;
    ext2_super_block super = *fs_->super;
    medium_->mark_in_use(super);
    seal_superblock(super);
    std::vector<std::byte> block(block_size_);
    const std::uint64_t number = superblock_offset / block_size_;
    QUIRE_TRY(cache_->read(number, block));
    std::memcpy(block.data() + superblock_offset % block_size_, &super, sizeof(super));
    cache_->write(number, block);
    return {};
}

void Store::index_fixed_blocks() {
    const auto add = [this](std::uint64_t start, std::uint64_t count) {
        std::uint64_t& end = fixed_[start];
        end = std::max(end, start + count);
    };
    add(superblock_offset / block_size_, 1);
    for (unsigned long i = 0; i < fs_->desc_blocks; ++i)
        add(ext2fs_descriptor_block_loc2(fs_, fs_->super->s_first_data_block,
                                         static_cast<dgrp_t>(i)),
            1);
    for (dgrp_t group = 0; group < fs_->group_desc_count; ++group) {
        add(ext2fs_block_bitmap_loc(fs_, group), 1);
        add(ext2fs_inode_bitmap_loc(fs_, group), 1);
        add(ext2fs_inode_table_loc(fs_, group), fs_->inode_blocks_per_group);
    }
}

bool Store::is_fixed(std::uint64_t block) const {
    const auto after = fixed_.upper_bound(block);
    return after != fixed_.begin() && block < std::prev(after)->second;
}

bool Store::without_removals(std::uint64_t block, std::span<std::byte> memory) const {
    const std::size_t size = EXT2_INODE_SIZE(fs_->super);
    const ext2_ino_t per_group = fs_->super->s_inodes_per_group;
    bool found = false;
    for (const auto& [number, inode] : before_removal_) {
        const std::uint64_t index = (number - 1) % per_group;
        const std::uint64_t table = ext2fs_inode_table_loc(fs_, (number - 1) / per_group);
        if (table + index * size / block_size_ != block) continue;
        if (!found) std::memcpy(memory.data(), cache_->peek(block), memory.size());
        found = true;
        InodeRecord before = inode;
        if (ext2fs_has_feature_metadata_csum(fs_->super))
            (void)ext2fs_inode_csum_set(fs_, number, &before.fields());
        std::memcpy(memory.data() + index * size % block_size_, &before.fields(), size);
    }
    return found;
}

Result<void> Store::write_batch() {
    Batch batch{.blocks = {},
                .freed = blocks_->freed(),
                .fresh = blocks_->fresh_metadata(),
                .fixed = [this](std::uint64_t block) { return is_fixed(block); },
                .without_removals =
                    [this](std::uint64_t block, std::span<std::byte> memory) {
                        return without_removals(block, memory);
                    },
                .time = now()};
    batch.blocks.reserve(cache_->dirty_count());
    for (std::uint64_t block : cache_->dirty())
        batch.blocks.push_back({block, cache_->peek(block)});
    return medium_->commit(batch);
}

Result<void> Store::commit_locked() {
    if (failure_) return fail(*failure_);
    if ((fs_->flags & EXT2_FLAG_IB_DIRTY) != 0) {
        // The library took or gave inodes by itself (for attributes), in groups we don't know.
        for (dgrp_t group = 0; group < fs_->group_desc_count; ++group)
            QUIRE_TRY(stage_inode_bitmap(group));
        fs_->flags &= ~EXT2_FLAG_IB_DIRTY;
    }
    QUIRE_TRY(stage_bitmaps());
    QUIRE_TRY(stage_descriptors());
    const bool changed = cache_->dirty_count() != 0 || !blocks_->freed().empty() ||
                         std::memcmp(&super_committed_, fs_->super, sizeof(super_committed_)) != 0;
    if (!changed) {
        if (data_written_.exchange(false)) return device_->flush();
        return {};
    }
    QUIRE_TRY(stage_superblock());
    if (fixed_.empty() && medium_->renames_in_steps()) index_fixed_blocks();
    data_written_ = false;
    QUIRE_TRY(write_batch());
    cache_->mark_clean();
    blocks_->committed();
    inodes_->committed();
    before_removal_.clear();
    return {};
}

Result<void> Store::commit_closed() {
    std::lock_guard lock(mutex_);
    auto done = commit_locked();
    if (!done && !failure_)
        failure_ = std::move(done.error()).within("the image can't be changed any more");
    if (!failure_ && mmp_) QUIRE_TRY(mmp_->refresh());
    if (failure_) return fail(*failure_);
    ++commits_;
    return {};
}

Result<void> Store::commit() {
    if (!writable_) return {};
    Gate::Closure closure(gate_);
    return commit_closed();
}

Result<void> Store::commit_if_due() {
    if (!writable_) return {};
    {
        std::lock_guard lock(mutex_);
        // What a commit adds: two bitmaps for each group, descriptors, the superblock.
        const std::size_t groups = blocks_->dirty_groups().size() + inodes_->dirty_groups().size();
        const std::size_t blocks = cache_->dirty_count() + groups + fs_->desc_blocks + 1;
        if (cache_->dirty_bytes() <= options_.cache_budget && blocks <= medium_->most_blocks() / 2)
            return {};
    }
    return commit();
}

Result<bool> Store::reclaim_space(std::uint64_t commits_before) {
    {
        std::lock_guard lock(mutex_);
        if (!writable_) return false;
        if (blocks_->pending() == 0 && !inodes_->has_pending()) return commits_ != commits_before;
    }
    QUIRE_TRY(commit());
    return true;
}

Result<void> Store::at_rest(const std::function<Result<void>()>& meanwhile) {
    Gate::Closure closure(gate_);
    if (writable_) {
        QUIRE_TRY(commit_closed());
        std::lock_guard lock(mutex_);
        if (auto done = medium_->rest(); !done) {
            failure_ = done.error();
            return done;
        }
    }
    return meanwhile();
}

Result<void> Store::close() {
    if (!writable_) return {};
    QUIRE_TRY(commit());
    Gate::Closure closure(gate_);
    std::lock_guard lock(mutex_);
    if (auto done = medium_->close(); !done) {
        failure_ = done.error();
        return done;
    }
    writable_ = false;
    if (mmp_) QUIRE_TRY(mmp_->release());
    mmp_.reset();
    return {};
}

}  // namespace quire::ext
