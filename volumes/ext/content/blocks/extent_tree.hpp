// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <span>
#include <vector>

#include "content/allocator.hpp"
#include "content/blocks/extent_node.hpp"

namespace quire::ext {

/// Calls `visit` with every leaf that may hold extents of [first, end), in order, until it
/// answers false.
Result<void> walk_leaves(ext2_filsys fs, const InodeRecord& inode, std::uint64_t first,
                         std::uint64_t end, const std::function<bool(const TreeNode&)>& visit);

/// One path from the root of an extent tree to a leaf, whose extents can be exchanged.
///
/// Changing a tree means: find the leaf, work out the list of extents it shall have, hand that
/// in. replace_leaf() takes all the blocks it needs before it changes anything, so that it either
/// does all or nothing.
class ExtentPath {
public:
    /// The path to the leaf in whose range `logical` lies.
    static Result<ExtentPath> find(Access access, InodeRecord& inode, std::uint64_t logical);

    const TreeNode& leaf() const { return path_.back(); }
    /// The range of the file that this leaf answers for.
    std::uint64_t low() const { return low_; }
    std::uint64_t high() const { return leaf().high; }

    /// Gives the leaf these extents: splits it, removes it, changes the levels above and the depth
    /// as needed, accounts i_blocks. In each leaf room for `spare` more is left, 1 at most. The path
    /// is of no use afterwards. Fails: no_space_on_device, file_too_large, io_error.
    Result<void> replace_leaf(std::vector<TreeEntry> extents, std::size_t spare = 0);

private:
    ExtentPath(Access access, InodeRecord& inode) : access_(access), inode_(inode) {}

    std::size_t room_at(std::size_t level) const;
    Result<void> reserve(std::size_t leaf_entries);
    Result<void> replace(std::size_t level, std::vector<TreeEntry> entries);
    Result<bool> merge(std::size_t level);
    Result<void> split(std::size_t level, std::vector<TreeEntry> entries);
    Result<void> deepen();
    Result<void> flatten();
    std::uint64_t take_reserved();

    Access access_;
    InodeRecord& inode_;
    std::vector<TreeNode> path_;  ///< root first
    std::uint64_t low_ = 0;
    std::size_t spare_ = 0;
    std::vector<std::uint64_t> reserved_;
    std::vector<std::uint64_t> freed_;
};

/// Appends `extent` to `list`, joined with the last one where that is possible, and cut where it
/// is too long for one.
void append_extent(std::vector<TreeEntry>& list, TreeEntry extent);

}  // namespace quire::ext
