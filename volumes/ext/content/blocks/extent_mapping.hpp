// SPDX-License-Identifier: MIT

#pragma once

#include "content/mapping.hpp"

namespace quire::ext {

/// The operations of mapping.hpp for files of extents.
Result<std::vector<Extent>> map_extents(ext2_filsys fs, const InodeRecord& inode,
                                        std::uint64_t first, std::uint64_t end, std::size_t limit);

/// Where the block belongs, seen from the extent nearest to it; none in an empty file.
Result<std::optional<std::uint64_t>> goal_beside(Access access, InodeRecord& inode,
                                                 std::uint64_t logical);

/// Enters an extent that fills (a part of) a hole.
Result<void> insert_extent(Access access, InodeRecord& inode, const Extent& extent);
Result<void> convert_extents(Access access, InodeRecord& inode, std::uint64_t first,
                             std::uint64_t end);
/// Whole extents that are unwritten and touch the range.
Result<std::vector<Extent>> unwritten_extents(ext2_filsys fs, const InodeRecord& inode,
                                              std::uint64_t first, std::uint64_t end);
Result<PunchProgress> punch_extents(Access access, InodeRecord& inode, std::uint64_t first,
                                    std::uint64_t end, std::size_t budget);

/// Adds an extent to a list that covers a range, joined with the last one where that is possible.
void append_mapping(std::vector<Extent>& list, const Extent& extent);

}  // namespace quire::ext
