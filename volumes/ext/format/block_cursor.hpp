// SPDX-License-Identifier: MIT

#pragma once

#include "content/allocator.hpp"

namespace quire::ext {

/// Gives the blocks of a filesystem that is being made, from the first to the last: what is
/// written one after the other lies one after the other.
class BlockCursor final : public Allocator {
public:
    explicit BlockCursor(ext2_filsys fs) : fs_(fs), next_(fs->super->s_first_data_block) {}

    /// The goal does not count: the next free blocks are the nearest to what was written last.
    Result<BlockRun> allocate(std::uint64_t goal, std::uint64_t want, BlockUse use) override;
    /// What is given back is not given again.
    void release(BlockRun run, BlockUse use) override;
    void release_inode(ext2_ino_t inode) override;

private:
    ext2_filsys fs_;
    std::uint64_t next_;
};

}  // namespace quire::ext
