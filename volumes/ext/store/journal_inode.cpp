// SPDX-License-Identifier: MIT

#include "store/journal_inode.hpp"

#include <fmt/core.h>

#include <limits>

#include "content/inode_record.hpp"
#include "content/mapping.hpp"
#include "errors.hpp"

namespace quire::ext {

Result<journal::Map> map_journal(ext2_filsys fs, block::Device& device) {
    const ext2_ino_t number = fs->super->s_journal_inum;
    if (number == 0 || number > fs->super->s_inodes_count)
        return fail(corrupt(fmt::format("the journal's inode number is {}", number)));
    QUIRE_TRY_ASSIGN(const InodeRecord inode, InodeRecord::read(fs, number));
    if (!LINUX_S_ISREG(inode->i_mode) || inode->i_links_count == 0 || inode.is_inline())
        return fail(corrupt("the journal's inode is no file"));
    const std::uint64_t blocks = inode.size() / fs->blocksize;
    if (blocks > std::numeric_limits<std::uint32_t>::max() ||
        blocks > ext2fs_blocks_count(fs->super))
        return fail(corrupt(fmt::format("the journal has {} blocks", blocks)));
    QUIRE_TRY_ASSIGN(const auto extents, map(fs, inode, 0, blocks));
    std::vector<journal::Extent> found;
    for (const Extent& extent : extents) {
        if (!extent.is_data()) return fail(corrupt("the journal has a hole"));
        found.push_back({extent.physical, static_cast<std::uint32_t>(extent.count)});
    }
    return journal::Map::open(device, fs->blocksize, ext2fs_blocks_count(fs->super),
                              std::move(found));
}

}  // namespace quire::ext
