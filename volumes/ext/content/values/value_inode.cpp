// SPDX-License-Identifier: MIT

#include "content/values/value_inode.hpp"

#include <algorithm>

#include "content/block_io.hpp"
#include "content/inline_data.hpp"
#include "content/mapping.hpp"

namespace quire::ext {

namespace {

Result<InodeRecord> load_value_inode(ext2_filsys fs, const StoredAttribute& attribute) {
    const ext2_ino_t number = attribute.value_inode;
    if (number < EXT2_FIRST_INODE(fs->super) || number > fs->super->s_inodes_count)
        return corrupt_inode(number, "it can't hold the value of an attribute");
    QUIRE_TRY_ASSIGN(InodeRecord inode, InodeRecord::read(fs, number));
    if (!inode.has_flag(EXT4_EA_INODE_FL) || !LINUX_S_ISREG(inode->i_mode) ||
        inode->i_links_count == 0)
        return corrupt_inode(number, "it does not hold the value of an attribute");
    return inode;
}

}  // namespace

Result<std::vector<std::byte>> read_value_inode(ext2_filsys fs, const StoredAttribute& attribute) {
    QUIRE_TRY_ASSIGN(const InodeRecord inode, load_value_inode(fs, attribute));
    if (inode.size() != attribute.value_size)
        return corrupt_inode(inode.number(), "the value of an attribute has another size");
    if (inode.is_inline()) return read_inline_data(fs, inode);
    const std::size_t block = fs->blocksize;
    const std::size_t blocks = (attribute.value_size + block - 1) / block;
    std::vector<std::byte> value(blocks * block);
    QUIRE_TRY_ASSIGN(const auto list, map(fs, inode, 0, blocks));
    for (const Extent& extent : list)
        if (extent.is_data())
            QUIRE_TRY(read_blocks(
                fs, extent.physical,
                std::span(value).subspan(extent.logical * block, extent.count * block)));
    value.resize(attribute.value_size);
    return value;
}

Result<void> share_value_inode(Access access, const StoredAttribute& attribute) {
    QUIRE_TRY_ASSIGN(InodeRecord inode, load_value_inode(access.fs, attribute));
    ext2fs_set_ea_inode_ref(inode.base(), ext2fs_get_ea_inode_ref(inode.base()) + 1);
    return inode.write(access.fs);
}

Result<void> release_value_inode(Access access, const StoredAttribute& attribute) {
    QUIRE_TRY_ASSIGN(InodeRecord inode, load_value_inode(access.fs, attribute));
    const std::uint64_t references = ext2fs_get_ea_inode_ref(inode.base());
    if (references > 1) {
        ext2fs_set_ea_inode_ref(inode.base(), references - 1);
        return inode.write(access.fs);
    }
    ext2fs_set_ea_inode_ref(inode.base(), 0);
    inode->i_links_count = 0;
    if (!inode.is_inline()) {
        // A value has 64 KiB at most: one step.
        QUIRE_TRY(punch(access, inode, 0, to_the_end));
    }
    // A time marks a freed inode; one below the number of inodes would be taken for a link of the
    // list of orphans.
    inode->i_dtime = std::max(access.fs->super->s_wtime, access.fs->super->s_inodes_count + 1);
    inode.set_size(0);
    QUIRE_TRY(inode.write(access.fs));
    access.allocator.release_inode(inode.number());
    return {};
}

}  // namespace quire::ext
