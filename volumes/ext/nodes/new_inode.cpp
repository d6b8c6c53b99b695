// SPDX-License-Identifier: MIT

#include "nodes/new_inode.hpp"

#include <cstring>
#include <vector>

#include "content/inline_data.hpp"
#include "content/mapping.hpp"
#include "nodes/inode_attributes.hpp"
#include "store/store.hpp"

namespace quire::ext {

namespace {

/// What a directory hands down to what is made in it, as chattr(1) says.
constexpr std::uint32_t inherited = EXT2_SYNC_FL | EXT2_NODUMP_FL | EXT2_NOATIME_FL;
constexpr std::uint32_t inherited_by_directories = inherited | EXT2_DIRSYNC_FL;

}  // namespace

Result<InodeRecord> new_inode(Store& store, const InodeRecord& parent, fs::FileType type,
                              const fs::NewNode& node) {
    ext2_filsys fs = store.filesystem();
    const bool is_directory = type == fs::FileType::directory;
    QUIRE_TRY_ASSIGN(const ext2_ino_t number,
                     store.inodes().allocate(parent.number(), is_directory));
    InodeRecord inode(fs, number);
    inode->i_mode = static_cast<__u16>(fs::mode_bits(type));
    set_permissions(inode, node.permissions);
    set_uid(inode, node.uid);
    set_gid(inode, node.gid);
    set_all_times(inode, store.now());
    inode->i_links_count = 1;
    inode->i_generation = store.random();
    if (type == fs::FileType::regular || is_directory)
        inode->i_flags = parent->i_flags & (is_directory ? inherited_by_directories : inherited);
    // Checksums of what belongs to the inode start from its generation, and the library looks for
    // that in the inode table.
    QUIRE_TRY(inode.write(fs));
    return inode;
}

Result<void> write_target(Store& store, InodeRecord& inode, std::string_view target) {
    ext2_filsys fs = store.filesystem();
    const std::span bytes = std::as_bytes(std::span(target));
    if (bytes.size() < inode.block_area().size()) {
        std::memcpy(inode.block_area().data(), bytes.data(), bytes.size());
        inode.set_size(bytes.size());
        return {};
    }
    if (begins_inline(fs) && bytes.size() <= inline_capacity(fs, inode))
        return write_inline_data(fs, inode, bytes);
    make_empty_mapping(fs, inode);
    QUIRE_TRY_ASSIGN(const auto extents, allocate(store.access(), inode, 0, 1));
    std::vector<std::byte> block(fs->blocksize);
    std::memcpy(block.data(), bytes.data(), bytes.size());
    store.cache().write(extents.front().physical, block);
    inode.set_size(bytes.size());
    return {};
}

}  // namespace quire::ext
