// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "libext2fs.hpp"
#include "quire/block/device.hpp"
#include "store/block_cache.hpp"

namespace quire::ext {

/// An I/O manager on a FormatTarget. For making a filesystem only: nobody can lose what has no name
/// yet, so no commit layer stands between.
io_manager format_io_manager();

/// Where a new filesystem is written. Directories and inode tables change a little with every file,
/// so their blocks are kept for a while and written in runs; at the latest by flush().
class FormatTarget {
public:
    /// `device` must outlive this and every channel. `known_zero`: what has not been written reads
    /// as zeros, so that zeros need not be written.
    FormatTarget(block::Device& device, bool known_zero);
    FormatTarget(const FormatTarget&) = delete;
    FormatTarget& operator=(const FormatTarget&) = delete;

    /// The name under which format_io_manager() opens this.
    std::string name() const;
    block::Device& device() { return device_; }

    /// What is kept is written first.
    Result<void> set_block_size(std::uint32_t bytes);
    /// Whole blocks, or the first part of one.
    Result<void> read(std::uint64_t block, std::span<std::byte> memory);
    Result<void> write(std::uint64_t block, std::span<const std::byte> memory);
    Result<void> zero(std::uint64_t block, std::uint64_t count);
    /// Writes what is kept. Durable: no.
    Result<void> flush();

private:
    block::Device& device_;
    bool known_zero_;
    BlockCache cache_;
};

}  // namespace quire::ext
