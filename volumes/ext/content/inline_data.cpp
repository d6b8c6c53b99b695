// SPDX-License-Identifier: MIT

#include "content/inline_data.hpp"

#include <algorithm>

#include "content/mapping.hpp"
#include "content/values/body.hpp"

namespace quire::ext {

namespace {

constexpr std::size_t in_block_area = sizeof(ext2_inode::i_block);

}  // namespace

bool begins_inline(ext2_filsys fs) {
    return ext2fs_has_feature_inline_data(fs->super) &&
           EXT2_INODE_SIZE(fs->super) > EXT2_GOOD_OLD_INODE_SIZE;
}

std::size_t inline_capacity(ext2_filsys fs, const InodeRecord& inode) {
    if (!begins_inline(fs) || inode.attribute_area().empty()) return 0;
    return in_block_area + inline_value_capacity(inode);
}

Result<std::vector<std::byte>> read_inline_data(ext2_filsys, const InodeRecord& inode) {
    const auto area = inode.block_area();
    std::vector<std::byte> data(area.begin(), area.end());
    QUIRE_TRY_ASSIGN(const std::vector<std::byte> rest, get_inline_value(inode));
    data.insert(data.end(), rest.begin(), rest.end());
    // Beyond what is there a file reads as zeros, but no inode holds more than a block.
    if (inode.size() > in_block_area + 65536)
        return corrupt_inode(inode.number(), "its inline data are larger than an inode");
    data.resize(inode.size());
    return data;
}

Result<void> write_inline_data(ext2_filsys fs, InodeRecord& inode,
                               std::span<const std::byte> data) {
    if (data.size() > inline_capacity(fs, inode)) return fail(std::errc::no_space_on_device);
    InodeRecord changed = inode;
    const auto head = data.first(std::min(data.size(), in_block_area));
    QUIRE_TRY(set_inline_value(changed, data.subspan(head.size())));
    std::ranges::fill(changed.block_area(), std::byte{0});
    std::ranges::copy(head, changed.block_area().begin());
    changed->i_flags &= ~static_cast<__u32>(EXT4_EXTENTS_FL);
    changed->i_flags |= EXT4_INLINE_DATA_FL;
    changed.set_size(data.size());
    inode = std::move(changed);
    return {};
}

Result<std::vector<std::byte>> take_inline_data(ext2_filsys fs, InodeRecord& inode) {
    QUIRE_TRY_ASSIGN(std::vector<std::byte> data, read_inline_data(fs, inode));
    InodeRecord changed = inode;
    QUIRE_TRY(remove_inline_value(changed));
    make_empty_mapping(fs, changed);
    inode = std::move(changed);
    return data;
}

}  // namespace quire::ext
