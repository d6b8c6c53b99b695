// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/base/time.hpp"
#include "quire/block/device.hpp"

namespace quire::ext {

/// What the superblock of an ext filesystem tells, without opening it.
struct Summary {
    std::string type;  ///< "ext2", "ext3" or "ext4", by its features
    std::string label;
    std::string uuid;  ///< as 8-4-4-4-12 digits
    std::string last_mounted;
    std::uint32_t block_size = 0;
    std::uint64_t blocks = 0;
    std::uint64_t free_blocks = 0;
    std::uint64_t reserved_blocks = 0;
    std::uint32_t inodes = 0;
    std::uint32_t free_inodes = 0;
    std::uint32_t inode_size = 0;
    std::uint32_t groups = 0;
    std::vector<std::string> features;  ///< named as in ext4(5)
    bool clean = false;                 ///< ended properly; neither replay nor e2fsck is due
    bool needs_recovery = false;        ///< the journal has to be replayed
    bool has_errors = false;            ///< the kernel found damage and said so
    std::optional<Time> created;
    std::optional<Time> mounted;
    std::optional<Time> written;
    std::optional<Time> checked;
    std::uint32_t mount_count = 0;
    /// Why the image can't be read, or can't be changed, by its features and its state; empty
    /// when it can.
    std::string unreadable_because;
    std::string unwritable_because;

    /// The bytes that the filesystem takes of its device.
    std::uint64_t size() const { return blocks * block_size; }
};

/// Looks for an ext superblock; nothing when there is none. Reads 1024 bytes.
/// Fails: as Device; io_error (a superblock that makes no sense, with a sentence).
Result<std::optional<Summary>> probe(block::Device& device);

}  // namespace quire::ext
