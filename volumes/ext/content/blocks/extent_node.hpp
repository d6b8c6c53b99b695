// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "content/inode_record.hpp"

namespace quire::ext {

/// One entry of a node of an extent tree: an extent in a leaf, a child elsewhere.
struct TreeEntry {
    std::uint64_t logical = 0;
    std::uint64_t physical = 0;  ///< the extent's first block, or the child's block
    std::uint64_t count = 0;     ///< 0 for a child
    bool unwritten = false;

    std::uint64_t end() const { return logical + count; }
};

/// A node of an extent tree, decoded and found sound: entries in order, disjoint, inside
/// [low, high) and inside the filesystem, at least one in every node but the root. Since what
/// lies below different entries is disjoint too, a walk meets each block at most once.
struct TreeNode {
    std::uint64_t block = 0;  ///< 0: the root, in the inode
    unsigned depth = 0;       ///< levels below; 0: a leaf
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::vector<TreeEntry> entries;
    std::size_t chosen = 0;  ///< the child that a path follows

    bool is_leaf() const { return depth == 0; }
};

inline constexpr unsigned max_tree_depth = 5;
inline constexpr std::uint64_t tree_end = std::uint64_t{1} << 32;
inline constexpr std::uint64_t max_written_extent = 32768;
inline constexpr std::uint64_t max_unwritten_extent = 32767;
inline constexpr std::size_t root_capacity = 4;

inline std::uint64_t longest_extent(bool unwritten) {
    return unwritten ? max_unwritten_extent : max_written_extent;
}

std::size_t node_capacity(ext2_filsys fs);

Result<TreeNode> load_root(ext2_filsys fs, const InodeRecord& inode);
/// The child that `parent.chosen` names.
Result<TreeNode> load_child(ext2_filsys fs, const InodeRecord& inode, const TreeNode& parent);

/// Puts the node where it belongs: into the inode, or to its block, with its checksum.
Result<void> store_node(ext2_filsys fs, InodeRecord& inode, const TreeNode& node);

}  // namespace quire::ext
