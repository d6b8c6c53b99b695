// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"
#include "quire/block/device.hpp"

namespace quire::ext {

inline constexpr std::uint64_t superblock_offset = SUPERBLOCK_OFFSET;
inline constexpr std::uint64_t superblock_size = SUPERBLOCK_SIZE;

/// Reads the primary superblock; nothing when the device holds none.
/// Fails: as Device.
Result<std::optional<ext2_super_block>> read_superblock(block::Device& device);

/// Checks every number that libext2fs divides by, shifts by, indexes with or allocates by, so
/// that a hostile superblock never reaches it. `device_size` in bytes.
/// Fails: io_error (with a sentence), operation_not_supported.
Result<void> validate(const ext2_super_block& super, std::uint64_t device_size);

std::uint64_t block_count(const ext2_super_block& super);
std::uint64_t group_count(const ext2_super_block& super);

/// "ext2", "ext3" or "ext4": the oldest of them whose features suffice.
const char* type_of(const ext2_super_block& super);

/// Whether the journal is a device of its own.
bool has_external_journal(const ext2_super_block& super);

/// Why such an image can't be read, or can't be changed, by its features and its state: a
/// sentence, empty when it can.
std::string unreadable_because(const ext2_super_block& super);
std::string unwritable_because(const ext2_super_block& super);

}  // namespace quire::ext
