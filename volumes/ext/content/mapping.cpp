// SPDX-License-Identifier: MIT

#include "content/mapping.hpp"

#include <algorithm>

#include "content/block_io.hpp"
#include "content/blocks/block_map.hpp"
#include "content/blocks/extent_mapping.hpp"
#include "content/blocks/extent_node.hpp"

namespace quire::ext {

namespace {

constexpr std::size_t extents_at_once = 256;

std::uint64_t end_of(std::uint64_t first, std::uint64_t count) {
    return count > to_the_end - first ? to_the_end : first + count;
}

Result<void> check_changeable(ext2_filsys fs, const InodeRecord& inode) {
    if (ext2fs_has_feature_bigalloc(fs->super))
        return fail(std::errc::operation_not_supported,
                    "filesystems with clusters (bigalloc) can only be read");
    if (inode.is_inline())
        return fail(std::errc::invalid_argument, "the file has no blocks, its content is inline");
    return {};
}

/// Fills a part of the hole that begins at `first` with one run of blocks.
Result<Extent> fill_hole(Access access, InodeRecord& inode, std::uint64_t first, std::uint64_t end,
                         std::uint64_t goal, bool unwritten) {
    if (!inode.uses_extents()) return fill_pointers(access, inode, first, end, goal);
    const BlockUse use = use_of(inode);
    QUIRE_TRY_ASSIGN(const BlockRun run, access.allocator.allocate(goal, end - first, use));
    const Extent extent{.logical = first,
                        .physical = run.start,
                        .count = run.count,
                        .unwritten = unwritten,
                        .fresh = true};
    const InodeRecord before = inode;
    auto done = inode.account(access.fs, static_cast<std::int64_t>(run.count));
    if (done) done = insert_extent(access, inode, extent);
    if (!done) {
        inode = before;
        access.allocator.release(run, use);
        return fail(std::move(done).error());
    }
    return extent;
}

Result<std::uint64_t> goal_for(Access access, InodeRecord& inode, std::uint64_t logical,
                               const AllocateOptions& options) {
    if (inode.uses_extents()) {
        QUIRE_TRY_ASSIGN(const auto beside, goal_beside(access, inode, logical));
        if (beside) return *beside;
    } else if (logical > 0) {
        QUIRE_TRY_ASSIGN(const auto before,
                         map_pointers(access.fs, inode, logical - 1, logical, 1));
        if (!before.front().is_hole()) return before.front().physical + 1;
    }
    return options.goal.value_or(home_of(access.fs, inode.number()));
}

}  // namespace

BlockUse use_of(const InodeRecord& inode) {
    return inode.is_directory() || LINUX_S_ISLNK(inode->i_mode) ? BlockUse::metadata
                                                                : BlockUse::data;
}

Result<std::vector<Extent>> map(ext2_filsys fs, const InodeRecord& inode, std::uint64_t first,
                                std::uint64_t count, std::size_t limit) {
    const std::uint64_t end = end_of(first, count);
    if (inode.is_inline())
        return fail(std::errc::invalid_argument, "the file has no blocks, its content is inline");
    if (first == end || limit == 0) return std::vector<Extent>{};
    if (inode.uses_extents()) return map_extents(fs, inode, first, end, limit);
    return map_pointers(fs, inode, first, end, limit);
}

Result<std::vector<Extent>> allocate(Access access, InodeRecord& inode, std::uint64_t first,
                                     std::uint64_t count, const AllocateOptions& options) {
    QUIRE_TRY(check_changeable(access.fs, inode));
    const std::uint64_t end = end_of(first, count);
    if (end > mappable_blocks(access.fs, inode)) return fail(std::errc::file_too_large);
    std::vector<Extent> list;
    std::uint64_t at = first;
    Result<void> state;
    while (state && at < end) {
        auto known = map(access.fs, inode, at, end - at, extents_at_once);
        if (!known) {
            state = fail(std::move(known).error());
            break;
        }
        for (const Extent& extent : *known) {
            if (!extent.is_hole()) {
                append_mapping(list, extent);
                at = extent.logical + extent.count;
                continue;
            }
            const std::uint64_t stop = extent.logical + extent.count;
            auto goal = goal_for(access, inode, at, options);
            while (goal && at < stop) {
                auto filled = fill_hole(access, inode, at, stop, *goal, options.unwritten);
                if (!filled) {
                    goal = fail(std::move(filled).error());
                    break;
                }
                append_mapping(list, *filled);
                at += filled->count;
                *goal = filled->physical + filled->count;
            }
            if (!goal) {
                state = fail(std::move(goal).error());
                break;
            }
        }
    }
    if (!state && list.empty()) return fail(std::move(state).error());
    return list;
}

Result<void> convert(Access access, InodeRecord& inode, std::uint64_t first, std::uint64_t count) {
    QUIRE_TRY(check_changeable(access.fs, inode));
    if (!inode.uses_extents()) return {};
    return convert_extents(access, inode, first, end_of(first, count));
}

Result<std::vector<Extent>> unwritten_around(ext2_filsys fs, const InodeRecord& inode,
                                             std::uint64_t first, std::uint64_t count) {
    if (!inode.uses_extents()) return std::vector<Extent>{};
    return unwritten_extents(fs, inode, first, end_of(first, count));
}

Result<PunchProgress> punch(Access access, InodeRecord& inode, std::uint64_t first,
                            std::uint64_t count, std::size_t budget) {
    QUIRE_TRY(check_changeable(access.fs, inode));
    const std::uint64_t end = end_of(first, count);
    // A path of blocks has to be affordable, or no step would get anywhere.
    budget = std::max<std::size_t>(budget, 16);
    if (inode.uses_extents()) return punch_extents(access, inode, first, end, budget);
    return punch_pointers(access, inode, first, end, budget);
}

Result<std::optional<std::uint64_t>> next_data(ext2_filsys fs, const InodeRecord& inode,
                                               std::uint64_t block, std::uint64_t end) {
    while (block < end) {
        QUIRE_TRY_ASSIGN(const auto list, map(fs, inode, block, end - block, extents_at_once));
        for (const Extent& extent : list)
            if (extent.is_data()) return extent.logical;
        block = list.back().logical + list.back().count;
    }
    return std::nullopt;
}

Result<std::uint64_t> next_hole(ext2_filsys fs, const InodeRecord& inode, std::uint64_t block,
                                std::uint64_t end) {
    while (block < end) {
        QUIRE_TRY_ASSIGN(const auto list, map(fs, inode, block, end - block, extents_at_once));
        for (const Extent& extent : list)
            if (!extent.is_data()) return extent.logical;
        block = list.back().logical + list.back().count;
    }
    return end;
}

std::uint64_t mappable_blocks(ext2_filsys fs, const InodeRecord& inode) {
    // One block less than 2^32, so that the count of a whole file fits a word, as in the kernel.
    return inode.uses_extents() ? tree_end - 1 : std::min(mapped_by_pointers(fs), tree_end - 1);
}

std::uint64_t maximum_size(ext2_filsys fs, const InodeRecord& inode) {
    std::uint64_t blocks = mappable_blocks(fs, inode);
    if (!ext2fs_has_feature_huge_file(fs->super)) {
        // i_blocks counts sectors in 32 bits, those of blocks of pointers included.
        std::uint64_t countable = (tree_end - 1) / (fs->blocksize / 512);
        if (!inode.uses_extents()) {
            const std::uint64_t pointers = fs->blocksize / 4;
            countable -= std::min(countable, 3 + 2 * pointers + pointers * pointers);
        }
        blocks = std::min(blocks, countable);
    }
    return blocks * fs->blocksize;
}

void make_empty_mapping(ext2_filsys fs, InodeRecord& inode) {
    std::ranges::fill(inode.block_area(), std::byte{0});
    inode->i_flags &= ~static_cast<__u32>(EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL);
    if (!ext2fs_has_feature_extents(fs->super)) return;
    inode->i_flags |= EXT4_EXTENTS_FL;
    // Storing a root without entries cannot fail: it goes into the inode.
    (void)store_node(fs, inode, TreeNode{});
}

}  // namespace quire::ext
