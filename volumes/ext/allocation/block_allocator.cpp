// SPDX-License-Identifier: MIT

#include "allocation/block_allocator.hpp"

#include <algorithm>
#include <cassert>

namespace quire::ext {

namespace {

// How many runs a search looks at before it takes the longest seen: far enough to pass by the
// crumbs of a fragmented group, near enough to stay cheap.
constexpr int most_candidates = 32;

}  // namespace

std::uint64_t BlockAllocator::available() const {
    const std::uint64_t free = ext2fs_free_blocks_count(fs_->super);
    std::uint64_t out_of_reach = pending_count_;
    if (!privileged_) out_of_reach += ext2fs_r_blocks_count(fs_->super);
    return free > out_of_reach ? free - out_of_reach : 0;
}

BlockRun BlockAllocator::next_free(std::uint64_t from, std::uint64_t to) const {
    while (from < to) {
        blk64_t start = 0;
        if (ext2fs_find_first_zero_block_bitmap2(fs_->block_map, from, to - 1, &start) != 0)
            return {};
        auto after = pending_.upper_bound(start);
        if (after != pending_.begin() && std::prev(after)->second > start) {
            from = std::prev(after)->second;
            continue;
        }
        blk64_t end = 0;
        if (ext2fs_find_first_set_block_bitmap2(fs_->block_map, start, to - 1, &end) != 0) end = to;
        if (after != pending_.end()) end = std::min<blk64_t>(end, after->first);
        return {start, end - start};
    }
    return {};
}

BlockRun BlockAllocator::best_run(std::uint64_t goal, std::uint64_t want) const {
    const std::uint64_t first = fs_->super->s_first_data_block;
    const std::uint64_t last = ext2fs_blocks_count(fs_->super);
    if (goal < first || goal >= last) goal = first;
    BlockRun best;
    int candidates = 0;
    for (const auto& [from, to] : {std::pair(goal, last), std::pair(first, goal)}) {
        for (std::uint64_t at = from; at < to && candidates < most_candidates; ++candidates) {
            const BlockRun run = next_free(at, to);
            if (run.count == 0) break;
            // Right at the goal any length continues the file where it ends.
            if (run.count >= want || run.start == goal)
                return {run.start, std::min(run.count, want)};
            if (run.count > best.count) best = run;
            at = run.start + run.count;
        }
    }
    return best;
}

Result<BlockRun> BlockAllocator::allocate(std::uint64_t goal, std::uint64_t want, BlockUse use) {
    assert(fs_->block_map != nullptr && want > 0);
    want = std::min(want, available());
    const BlockRun run = want > 0 ? best_run(goal, want) : BlockRun{};
    if (run.count == 0)
        return fail(std::errc::no_space_on_device, "no free block is left in the image");
    set_used(run, true);
    done_.push_back({run, true, use});
    if (use == BlockUse::metadata)
        for (std::uint64_t block = run.start; block < run.start + run.count; ++block)
            fresh_metadata_.insert(block);
    return run;
}

void BlockAllocator::release(BlockRun run, BlockUse use) {
    assert(fs_->block_map != nullptr);
    // In a corrupt image some of it may be free already: only what is in use is freed.
    const std::uint64_t end = run.start + run.count;
    for (std::uint64_t at = run.start; at < end;) {
        blk64_t start = 0;
        if (ext2fs_find_first_set_block_bitmap2(fs_->block_map, at, end - 1, &start) != 0) break;
        blk64_t stop = 0;
        if (ext2fs_find_first_zero_block_bitmap2(fs_->block_map, start, end - 1, &stop) != 0)
            stop = end;
        const BlockRun used{start, stop - start};
        set_used(used, false);
        add_pending(used);
        done_.push_back({used, false, use});
        at = stop;
    }
    // Whatever it held: nothing of it may be written any more, and what the journal has of it
    // must not be replayed.
    cache_.forget(run.start, run.count);
    freed_.push_back(run);
    fresh_metadata_.erase(fresh_metadata_.lower_bound(run.start), fresh_metadata_.lower_bound(end));
}

void BlockAllocator::set_used(BlockRun run, bool used) {
    // The library counts runs in 32 bits.
    constexpr std::uint64_t most = std::uint64_t{1} << 30;
    const dgrp_t first = ext2fs_group_of_blk2(fs_, run.start);
    const dgrp_t last = ext2fs_group_of_blk2(fs_, run.start + run.count - 1);
    for (dgrp_t group = first; group <= last; ++group) dirty_groups_.insert(group);
    while (run.count > 0) {
        const auto count = static_cast<blk_t>(std::min(run.count, most));
        ext2fs_block_alloc_stats_range(fs_, run.start, count, used ? +1 : -1);
        run.start += count;
        run.count -= count;
    }
}

void BlockAllocator::add_pending(BlockRun run) {
    pending_count_ += run.count;
    std::uint64_t start = run.start;
    std::uint64_t end = run.start + run.count;
    auto after = pending_.lower_bound(start);
    if (after != pending_.end() && after->first == end) {
        end = after->second;
        after = pending_.erase(after);
    }
    if (after != pending_.begin() && std::prev(after)->second == start)
        std::prev(after)->second = end;
    else
        pending_.emplace_hint(after, start, end);
}

void BlockAllocator::remove_pending(BlockRun run) {
    pending_count_ -= run.count;
    auto holder = std::prev(pending_.upper_bound(run.start));
    const std::uint64_t start = holder->first;
    const std::uint64_t end = holder->second;
    pending_.erase(holder);
    if (start < run.start) pending_.emplace(start, run.start);
    if (run.start + run.count < end) pending_.emplace(run.start + run.count, end);
}

void BlockAllocator::begin() {
    done_.clear();
    freed_before_ = freed_.size();
}

void BlockAllocator::undo() {
    for (auto step = done_.rbegin(); step != done_.rend(); ++step) {
        set_used(step->run, !step->taken);
        if (!step->taken)
            remove_pending(step->run);
        else
            fresh_metadata_.erase(fresh_metadata_.lower_bound(step->run.start),
                                  fresh_metadata_.lower_bound(step->run.start + step->run.count));
    }
    done_.clear();
    freed_.resize(freed_before_);
}

void BlockAllocator::committed() {
    pending_.clear();
    pending_count_ = 0;
    dirty_groups_.clear();
    fresh_metadata_.clear();
    freed_.clear();
    done_.clear();
    freed_before_ = 0;
}

}  // namespace quire::ext
