// SPDX-License-Identifier: MIT

#include "nodes/inode_attributes.hpp"

#include <fmt/core.h>

#include "errors.hpp"

namespace quire::ext {

fs::Attributes attributes_of(ext2_filsys fs, const InodeRecord& inode) {
    fs::Attributes attributes;
    attributes.type = fs::type_of_mode(inode->i_mode);
    attributes.permissions = inode->i_mode & fs::permission_mask;
    attributes.uid = get_uid(inode);
    attributes.gid = get_gid(inode);
    attributes.links = inode->i_links_count;
    attributes.size = inode.size();
    attributes.allocated =
        ext2fs_get_stat_i_blocks(fs, const_cast<ext2_inode*>(inode.base())) * 512;
    attributes.inode = inode.number();
    attributes.generation = inode->i_generation;
    if (attributes.type == fs::FileType::character_device ||
        attributes.type == fs::FileType::block_device)
        attributes.device = get_device(inode);
    attributes.preferred_io_size = fs->blocksize;
    attributes.flags = inode->i_flags & EXT2_FL_USER_VISIBLE;
    attributes.access = get_time(inode, Stamp::access).value_or(Time{});
    attributes.modify = get_time(inode, Stamp::modify).value_or(Time{});
    attributes.change = get_time(inode, Stamp::change).value_or(Time{});
    attributes.birth = get_time(inode, Stamp::birth);
    return attributes;
}

void set_all_times(InodeRecord& inode, Time time) {
    for (Stamp stamp : {Stamp::access, Stamp::modify, Stamp::change, Stamp::birth})
        set_time(inode, stamp, time);
}

void set_permissions(InodeRecord& inode, std::uint16_t permissions) {
    inode->i_mode =
        static_cast<__u16>((inode->i_mode & LINUX_S_IFMT) | (permissions & fs::permission_mask));
}

Result<void> check_nameable(ext2_filsys fs, const InodeRecord& inode) {
    const ext2_ino_t number = inode.number();
    if (number < EXT2_FIRST_INO(fs->super) && number != EXT2_ROOT_INO)
        return fail(corrupt(fmt::format("a name leads to inode {}, which is reserved", number)));
    if (inode->i_links_count == 0)
        return fail(corrupt(fmt::format("a name leads to inode {}, which is not in use", number)));
    if (fs::type_of_mode(inode->i_mode) == fs::FileType::unknown)
        return fail(corrupt(fmt::format("inode {} is of no known type", number)));
    if (inode.has_flag(EXT4_EA_INODE_FL))
        return fail(
            corrupt(fmt::format("a name leads to inode {}, which holds an attribute", number)));
    return {};
}

}  // namespace quire::ext
