// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "content/inode_record.hpp"
#include "content/mapping.hpp"

namespace quire::ext {

/// Whether a file's bytes can be read and written: regular, and not encrypted.
/// Fails: is_a_directory, invalid_argument (another type), ENOKEY.
Result<void> check_content(const InodeRecord& inode);

/// Cuts a transfer of `length` bytes at `offset` of a file along its extents, calling
/// visit(extent, offset on the device, offset in memory, length) for each piece.
template <typename Visit>
void for_each_piece(const std::vector<Extent>& extents, std::uint64_t block_size,
                    std::uint64_t offset, std::size_t length, Visit&& visit) {
    const std::uint64_t end = offset + length;
    for (const Extent& extent : extents) {
        const std::uint64_t start = extent.logical * block_size;
        const std::uint64_t from = std::max(start, offset);
        const std::uint64_t to = std::min(start + extent.count * block_size, end);
        if (from >= to) continue;
        visit(extent, extent.physical * block_size + (from - start),
              static_cast<std::size_t>(from - offset), static_cast<std::size_t>(to - from));
    }
}

}  // namespace quire::ext
