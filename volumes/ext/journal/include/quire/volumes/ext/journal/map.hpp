// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/block/device.hpp"

namespace quire::ext::journal {

/// A run of the journal's blocks that lie one after another on the device.
struct Extent {
    std::uint64_t device_block = 0;
    std::uint32_t count = 0;
    friend bool operator==(const Extent&, const Extent&) = default;
};

/// Where the blocks of a journal lie on the device: what the journal's inode says. Journal blocks
/// count from 0 (the journal's superblock); device blocks are blocks of the filesystem.
///
/// Owns: nothing; the device must outlive the map.
/// Threads: any.
class Map {
public:
    /// Needs: extents in the journal's order, without holes.
    /// Fails: invalid_argument (block size), bad_message (no extents; an extent that is empty,
    /// leaves the filesystem or the device, or overlaps another; too many blocks).
    static Result<Map> open(block::Device& device, std::uint32_t block_size,
                            std::uint64_t filesystem_blocks, std::vector<Extent> extents);

    block::Device& device() const { return *device_; }
    std::uint32_t block_size() const { return block_size_; }
    std::uint64_t filesystem_blocks() const { return filesystem_blocks_; }
    /// How many journal blocks there are.
    std::uint32_t size() const { return size_; }

    /// The device block of a journal block. Needs: journal_block < size().
    std::uint64_t device_block(std::uint32_t journal_block) const;

    /// Whether a device block belongs to the journal.
    bool owns(std::uint64_t device_block) const;

    /// Reads whole blocks from `journal_block` on; the memory says how many.
    /// Fails: as Device; result_out_of_range (past the journal's end).
    Result<void> read(std::uint32_t journal_block, std::span<std::byte> memory) const;

private:
    struct Piece {
        std::uint32_t journal_block;
        Extent extent;
    };

    Map() = default;
    /// The device block of a journal block and how many blocks follow it there.
    Extent run_at(std::uint32_t journal_block) const;

    block::Device* device_ = nullptr;
    std::uint32_t block_size_ = 0;
    std::uint64_t filesystem_blocks_ = 0;
    std::uint32_t size_ = 0;
    std::vector<Piece> pieces_;      // in the journal's order
    std::vector<Extent> on_device_;  // in the device's order
};

}  // namespace quire::ext::journal
