// SPDX-License-Identifier: MIT

#include "content/blocks/extent_node.hpp"

#include <algorithm>
#include <cstring>

#include "content/block_io.hpp"
#include "errors.hpp"

extern "C" {
#include <ext2fs/ext3_extents.h>
}

namespace quire::ext {

namespace {

constexpr std::uint64_t high_half(std::uint64_t value) {
    return value << 32;
}

/// `area`: the header and what follows it.
Result<void> decode(ext2_filsys fs, ext2_ino_t number, std::span<const std::byte> area,
                    std::size_t capacity, TreeNode& node) {
    ext3_extent_header header;
    std::memcpy(&header, area.data(), sizeof header);
    if (header.eh_magic != EXT3_EXT_MAGIC)
        return corrupt_inode(number, "a node of its extent tree has no magic number");
    if (header.eh_max > capacity || header.eh_entries > header.eh_max)
        return corrupt_inode(number, "a node of its extent tree counts too many entries");
    const bool is_root = node.block == 0;
    if (is_root) {
        if (header.eh_depth > max_tree_depth)
            return corrupt_inode(number, "its extent tree is too deep");
        node.depth = header.eh_depth;
    } else if (header.eh_depth != node.depth) {
        return corrupt_inode(number, "a node of its extent tree is on the wrong level");
    }
    if (header.eh_entries == 0 && !(is_root && header.eh_depth == 0))
        return corrupt_inode(number, "a node of its extent tree is empty");

    node.entries.resize(header.eh_entries);
    std::uint64_t previous_end = node.low;
    const std::byte* at = area.data() + sizeof header;
    for (TreeEntry& entry : node.entries) {
        if (node.is_leaf()) {
            ext3_extent raw;
            std::memcpy(&raw, at, sizeof raw);
            entry.logical = raw.ee_block;
            entry.physical = raw.ee_start | high_half(raw.ee_start_hi);
            entry.unwritten = raw.ee_len > max_written_extent;
            entry.count = entry.unwritten ? raw.ee_len - max_written_extent : raw.ee_len;
            if (entry.count == 0 || !is_inside(fs, entry.physical, entry.count))
                return corrupt_inode(number, "an extent lies outside the filesystem");
            if (entry.logical < previous_end || entry.end() > node.high)
                return corrupt_inode(number, "its extents overlap or are out of order");
            previous_end = entry.end();
        } else {
            ext3_extent_idx raw;
            std::memcpy(&raw, at, sizeof raw);
            entry.logical = raw.ei_block;
            entry.physical = raw.ei_leaf | high_half(raw.ei_leaf_hi);
            if (!is_inside(fs, entry.physical, 1))
                return corrupt_inode(number, "its extent tree leaves the filesystem");
            if (entry.logical < previous_end || entry.logical >= node.high)
                return corrupt_inode(number, "its extent tree is out of order");
            previous_end = entry.logical + 1;
        }
        at += sizeof(ext3_extent);
    }
    return {};
}

void encode(const TreeNode& node, std::size_t capacity, std::span<std::byte> area) {
    ext3_extent_header header{};
    header.eh_magic = EXT3_EXT_MAGIC;
    header.eh_entries = static_cast<__u16>(node.entries.size());
    header.eh_max = static_cast<__u16>(capacity);
    header.eh_depth = static_cast<__u16>(node.depth);
    std::memcpy(area.data(), &header, sizeof header);
    std::byte* at = area.data() + sizeof header;
    for (const TreeEntry& entry : node.entries) {
        if (node.is_leaf()) {
            ext3_extent raw{};
            raw.ee_block = static_cast<__u32>(entry.logical);
            raw.ee_len = static_cast<__u16>(entry.unwritten ? entry.count + max_written_extent
                                                            : entry.count);
            raw.ee_start = static_cast<__u32>(entry.physical);
            raw.ee_start_hi = static_cast<__u16>(entry.physical >> 32);
            std::memcpy(at, &raw, sizeof raw);
        } else {
            ext3_extent_idx raw{};
            raw.ei_block = static_cast<__u32>(entry.logical);
            raw.ei_leaf = static_cast<__u32>(entry.physical);
            raw.ei_leaf_hi = static_cast<__u16>(entry.physical >> 32);
            std::memcpy(at, &raw, sizeof raw);
        }
        at += sizeof(ext3_extent);
    }
}

}  // namespace

std::size_t node_capacity(ext2_filsys fs) {
    return (fs->blocksize - sizeof(ext3_extent_header)) / sizeof(ext3_extent);
}

Result<TreeNode> load_root(ext2_filsys fs, const InodeRecord& inode) {
    TreeNode node;
    node.high = tree_end;
    QUIRE_TRY(decode(fs, inode.number(), inode.block_area(), root_capacity, node));
    return node;
}

Result<TreeNode> load_child(ext2_filsys fs, const InodeRecord& inode, const TreeNode& parent) {
    TreeNode node;
    node.block = parent.entries[parent.chosen].physical;
    node.depth = parent.depth - 1;
    node.low = parent.entries[parent.chosen].logical;
    node.high = parent.chosen + 1 < parent.entries.size()
                    ? parent.entries[parent.chosen + 1].logical
                    : parent.high;
    std::vector<std::byte> area(fs->blocksize);
    QUIRE_TRY(read_blocks(fs, node.block, area));
    QUIRE_TRY(decode(fs, inode.number(), area, node_capacity(fs), node));
    // Only now: the library finds the checksum by the header's eh_max.
    if (verifies_checksums(fs) &&
        ext2fs_extent_block_csum_verify(fs, inode.number(),
                                        reinterpret_cast<ext3_extent_header*>(area.data())) == 0)
        return corrupt_inode(inode.number(), "a node of its extent tree has a wrong checksum");
    return node;
}

Result<void> store_node(ext2_filsys fs, InodeRecord& inode, const TreeNode& node) {
    if (node.block == 0) {
        std::ranges::fill(inode.block_area(), std::byte{0});
        encode(node, root_capacity, inode.block_area());
        return {};
    }
    std::vector<std::byte> area(fs->blocksize);
    encode(node, node_capacity(fs), area);
    QUIRE_TRY(check(ext2fs_extent_block_csum_set(
                        fs, inode.number(), reinterpret_cast<ext3_extent_header*>(area.data())),
                    "computing the checksum of an extent block"));
    return write_blocks(fs, node.block, area);
}

}  // namespace quire::ext
