// SPDX-License-Identifier: MIT

#pragma once

#include "content/mapping.hpp"

namespace quire::ext {

/// The operations of mapping.hpp for files of block maps: twelve pointers in the inode, then
/// blocks of pointers, of pointers to such, and once more.
std::uint64_t mapped_by_pointers(ext2_filsys fs);

Result<std::vector<Extent>> map_pointers(ext2_filsys fs, const InodeRecord& inode,
                                         std::uint64_t first, std::uint64_t end, std::size_t limit);

/// Fills holes from `first` on, at most up to `end`, with one run of blocks; answers how many it
/// gave (the hole may end before, space may be scattered).
/// Needs: block `first` is a hole.
Result<Extent> fill_pointers(Access access, InodeRecord& inode, std::uint64_t first,
                             std::uint64_t end, std::uint64_t goal);

Result<PunchProgress> punch_pointers(Access access, InodeRecord& inode, std::uint64_t first,
                                     std::uint64_t end, std::size_t budget);

}  // namespace quire::ext
