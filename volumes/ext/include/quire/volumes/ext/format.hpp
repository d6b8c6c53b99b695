// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "quire/base/result.hpp"
#include "quire/base/time.hpp"
#include "quire/block/device.hpp"

namespace quire::ext {

enum class Type : std::uint8_t { ext2, ext3, ext4 };

using Uuid = std::array<std::uint8_t, 16>;

struct FormatOptions {
    Type type = Type::ext4;
    /// 1024, 2048 or 4096; none: by the size of the device.
    std::optional<std::uint32_t> block_size;
    /// How many inodes at least, the reserved ones included; none: one per 16 KiB.
    std::optional<std::uint32_t> inodes;
    /// Per cent of the blocks that only root may fill.
    std::uint32_t reserved_percent = 5;
    /// Bytes of journal; none: by the size of the device; 0: no journal. ext2 has none anyway.
    std::optional<std::uint64_t> journal_size;
    std::string label;  ///< at most 16 bytes
    Uuid uuid{};
    Uuid hash_seed{};
    /// When the filesystem says it was made. Before 1970-01-01 00:00:01 counts as that second.
    Time time;
    /// The device reads as zeros throughout: inode tables need no writing.
    bool device_is_zero = false;
};

/// Makes an empty filesystem (a root directory and lost+found) over the whole device, with the
/// features that Debian's mke2fs gives to the type. The same options give the same bytes.
///
/// Needs: a writable device; nobody else uses it.
/// Fails: invalid_argument (the options contradict each other; the sentence says how),
/// no_space_on_device (the device is too small), and what the device reports.
/// Durable: on return.
Result<void> format(block::Device& device, const FormatOptions& options);

/// The block size that format() takes for a device of so many bytes.
std::uint32_t default_block_size(std::uint64_t device_size);

/// Blocks and inodes that a filesystem needs for a tree.
struct Demand {
    std::uint64_t content_blocks = 0;  ///< of files, directories, symbolic links and attributes
    std::uint64_t inodes = 0;          ///< of the tree, without the reserved ones
};

/// The size in bytes of the smallest device on which format() leaves room for the demand, with a
/// reserve of `spare_percent` of the content.
std::uint64_t size_for(const Demand& demand, const FormatOptions& options, std::uint32_t block_size,
                       std::uint32_t spare_percent);

}  // namespace quire::ext
