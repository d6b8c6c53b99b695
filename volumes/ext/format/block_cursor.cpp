// SPDX-License-Identifier: MIT

#include "format/block_cursor.hpp"

#include <algorithm>
#include <limits>

#include "errors.hpp"

namespace quire::ext {

Result<BlockRun> BlockCursor::allocate(std::uint64_t, std::uint64_t want, BlockUse) {
    const std::uint64_t last = ext2fs_blocks_count(fs_->super) - 1;
    blk64_t start = 0;
    if (next_ > last || want == 0 ||
        ext2fs_find_first_zero_block_bitmap2(fs_->block_map, next_, last, &start) != 0)
        return fail(std::errc::no_space_on_device);
    const std::uint64_t most =
        std::min<std::uint64_t>({want, last - start + 1, std::numeric_limits<blk_t>::max()});
    blk64_t used = 0;
    std::uint64_t count = most;
    if (ext2fs_find_first_set_block_bitmap2(fs_->block_map, start, start + most - 1, &used) == 0)
        count = used - start;
    ext2fs_block_alloc_stats_range(fs_, start, static_cast<blk_t>(count), +1);
    next_ = start + count;
    return BlockRun{start, count};
}

void BlockCursor::release(BlockRun run, BlockUse) {
    ext2fs_block_alloc_stats_range(fs_, run.start, static_cast<blk_t>(run.count), -1);
}

void BlockCursor::release_inode(ext2_ino_t inode) {
    ext2fs_inode_alloc_stats2(fs_, inode, -1, 0);
}

}  // namespace quire::ext
