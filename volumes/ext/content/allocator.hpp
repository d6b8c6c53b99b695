// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"

namespace quire::ext {

/// Adjacent blocks of the filesystem.
struct BlockRun {
    std::uint64_t start = 0;
    std::uint64_t count = 0;
    friend bool operator==(const BlockRun&, const BlockRun&) = default;
};

/// What a block holds, which decides how it is written and what its freeing entails: metadata
/// blocks may lie in the journal and have to be revoked, blocks of files never do.
enum class BlockUse : std::uint8_t { data, metadata };

/// Where the blocks of files, directories, trees and attributes come from and go to. The store
/// implements it over the bitmaps: what is freed is given again only after the commit that frees
/// it, and reserved blocks stay reserved.
/// Needs: the store's lock.
class Allocator {
public:
    virtual ~Allocator() = default;

    /// Takes at least one and at most `want` adjacent free blocks, as near behind `goal` as can
    /// be; `goal` may be any number. Fails: no_space_on_device, io_error.
    virtual Result<BlockRun> allocate(std::uint64_t goal, std::uint64_t want, BlockUse use) = 0;
    /// Needs: the run lies inside the filesystem. Blocks that are free already (a corrupt image)
    /// are left so.
    virtual void release(BlockRun run, BlockUse use) = 0;
    /// Frees the number of an inode that is no directory: of one that held an attribute's value.
    virtual void release_inode(ext2_ino_t inode) = 0;
};

/// What every change of a content structure works on.
struct Access {
    ext2_filsys fs = nullptr;
    Allocator& allocator;
};

}  // namespace quire::ext
