// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"

namespace quire::ext {

/// Metadata blocks through the filesystem's I/O manager: `memory` holds whole blocks.
/// Fails: io_error.
Result<void> read_blocks(ext2_filsys fs, std::uint64_t block, std::span<std::byte> memory);
Result<void> write_blocks(ext2_filsys fs, std::uint64_t block, std::span<const std::byte> memory);

/// Whether the run can be content at all: inside the filesystem, behind its first block.
bool is_inside(ext2_filsys fs, std::uint64_t block, std::uint64_t count);

/// Whether checksums of metadata are to be verified.
bool verifies_checksums(ext2_filsys fs);

/// The first block of the (flexible) group in which an inode lies: where its blocks belong.
std::uint64_t home_of(ext2_filsys fs, ext2_ino_t inode);

}  // namespace quire::ext
