// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "content/allocator.hpp"
#include "content/inode_record.hpp"

namespace quire::ext {

/// Which blocks of the device hold which blocks of a file, for extents and for block maps alike.
/// Inline files have no mapping: they are expanded first (inline_data.hpp).
///
/// Every function checks what it reads: block numbers inside the filesystem, order, depth; a tree
/// that is not sound is an io_error with a sentence. All fail with io_error besides.
/// Needs: the store's lock.

/// A part of a file: `count` blocks from `logical` on lie at `physical` on.
struct Extent {
    std::uint64_t logical = 0;
    std::uint64_t physical = 0;  ///< 0: a hole
    std::uint64_t count = 0;
    bool unwritten = false;  ///< reserved, but reads as zeros
    bool fresh = false;      ///< given by this very allocate(); holds what was there before

    bool is_hole() const { return physical == 0; }
    bool is_data() const { return physical != 0 && !unwritten; }
    friend bool operator==(const Extent&, const Extent&) = default;
};

inline constexpr std::uint64_t to_the_end = std::numeric_limits<std::uint64_t>::max();

/// The extents that cover [first, first + count), in order and without gaps (holes are extents),
/// adjacent ones joined. At most `limit` of them: then they cover a prefix of the range.
Result<std::vector<Extent>> map(ext2_filsys fs, const InodeRecord& inode, std::uint64_t first,
                                std::uint64_t count,
                                std::size_t limit = std::numeric_limits<std::size_t>::max());

struct AllocateOptions {
    /// Reserve without initialising; in files of block maps blocks can't be unwritten and come
    /// fresh instead, so that the caller has to write zeros.
    bool unwritten = false;
    /// Where to look for space, when the file itself gives no hint.
    std::optional<std::uint64_t> goal = std::nullopt;
};

/// What the blocks of an inode are: those of directories and symbolic links are metadata, as the
/// kernel journals them.
BlockUse use_of(const InodeRecord& inode);

/// Gives every hole of the range blocks and answers how the range lies now. What was unwritten
/// stays so (see convert). When space runs out, or anything else fails, after the first block, the
/// answer covers a prefix of the range. i_blocks is accounted, i_size is not touched.
/// Fails: no_space_on_device, file_too_large (beyond what this kind of file can map),
/// operation_not_supported (bigalloc).
Result<std::vector<Extent>> allocate(Access access, InodeRecord& inode, std::uint64_t first,
                                     std::uint64_t count, const AllocateOptions& options = {});

/// Makes the unwritten blocks of the range written. Their data has been written before: when this
/// fails a part of them may be converted.
/// Fails: no_space_on_device (the tree had to grow and could not).
Result<void> convert(Access access, InodeRecord& inode, std::uint64_t first, std::uint64_t count);

/// The whole extents of unwritten blocks that touch the range, as the file's tree holds them: to
/// convert these in full takes no space. None in files of block maps.
Result<std::vector<Extent>> unwritten_around(ext2_filsys fs, const InodeRecord& inode,
                                             std::uint64_t first, std::uint64_t count);

struct PunchProgress {
    bool done = true;
    /// What is left when not done: call again with [first, remaining_end).
    std::uint64_t remaining_end = 0;
};

/// Frees the blocks of the range (count to_the_end: all from `first` on), from its end towards its
/// beginning, touching at most about `budget` metadata blocks, so that the caller can commit
/// between the steps of a huge file. The tree is sound after each step.
/// Fails: no_space_on_device (a hole in the middle of an extent needs a new leaf and there is
/// none), operation_not_supported (bigalloc).
Result<PunchProgress> punch(Access access, InodeRecord& inode, std::uint64_t first,
                            std::uint64_t count, std::size_t budget = 256);

/// The first block at or after `block` that holds data (unwritten ones don't), or none.
Result<std::optional<std::uint64_t>> next_data(ext2_filsys fs, const InodeRecord& inode,
                                               std::uint64_t block, std::uint64_t end);
/// The first block at or after `block` that reads as a hole, at most `end`.
Result<std::uint64_t> next_hole(ext2_filsys fs, const InodeRecord& inode, std::uint64_t block,
                                std::uint64_t end);

/// How many blocks a file of this kind can map, and the largest i_size that follows from it and
/// from the filesystem's features.
std::uint64_t mappable_blocks(ext2_filsys fs, const InodeRecord& inode);
std::uint64_t maximum_size(ext2_filsys fs, const InodeRecord& inode);

/// Makes the mapping of a new, empty file: extents where the filesystem has them.
void make_empty_mapping(ext2_filsys fs, InodeRecord& inode);

}  // namespace quire::ext
