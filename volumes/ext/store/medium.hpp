// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "content/allocator.hpp"
#include "libext2fs.hpp"
#include "quire/base/result.hpp"
#include "quire/base/time.hpp"
#include "quire/block/device.hpp"

namespace quire::ext {

/// The changed blocks that a commit makes true, and what a medium has to know to write them in a
/// safe order.
struct Batch {
    struct Block {
        std::uint64_t number = 0;
        const std::byte* bytes = nullptr;
    };
    /// In the order of their numbers, each once.
    std::vector<Block> blocks;
    /// What was freed.
    std::span<const BlockRun> freed;
    /// Blocks that nothing on the device points to yet.
    const std::set<std::uint64_t>& fresh;
    /// Whether a block has its place for ever: superblock, descriptors, bitmaps, inodes.
    std::function<bool(std::uint64_t)> fixed;
    /// Gives the content of an inode table block in which the inodes that lost a name are as they
    /// were before; false when there are none in that block.
    std::function<bool(std::uint64_t, std::span<std::byte>)> without_removals;
    Time time;
};

/// The device as the place where metadata is committed: how a commit becomes durable as a whole,
/// and where the newest committed content of a block lies.
///
/// Needs: the store's lock.
class Medium {
public:
    virtual ~Medium() = default;

    /// Reads the newest committed content of a block when it is not in its place.
    /// Fails: as Device.
    virtual Result<bool> find(std::uint64_t block, std::span<std::byte> memory) = 0;

    /// The first block at or after `block` that find() answers, or the maximum: reading file
    /// data in runs asks this. Media of which file data never waits anywhere say the maximum.
    virtual std::uint64_t next_found(std::uint64_t) const { return ~std::uint64_t{0}; }

    /// How many blocks one batch may hold.
    virtual std::size_t most_blocks() const = 0;

    /// Writes a batch. File data written before is durable with it.
    /// Fails: as Device; afterwards nothing is known about the device.
    /// Durable: on return.
    virtual Result<void> commit(const Batch& batch) = 0;

    /// Brings everything to its place and marks the filesystem as ended properly.
    /// Fails: as Device. Durable: on return.
    virtual Result<void> close() = 0;

    /// Marks the filesystem as ended properly where it could not be opened for writing otherwise,
    /// until the next commit. Needs: everything is committed. Fails: as Device. Durable: on return.
    virtual Result<void> rest() { return {}; }

    /// Gives a superblock that is committed the mark of a filesystem in use.
    virtual void mark_in_use(ext2_super_block&) const {}

    /// Whether a name may be in two places, or in none, when a commit is cut short, so that a
    /// rename has to be committed in two steps.
    virtual bool renames_in_steps() const { return false; }
};

}  // namespace quire::ext
