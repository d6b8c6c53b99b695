// SPDX-License-Identifier: MIT

#include "allocation/orphan_file.hpp"

#include <cstring>

#include "content/mapping.hpp"
#include "errors.hpp"
#include "store/store.hpp"

namespace quire::ext {

namespace {

// The kernel makes files of some blocks per processor; what is far beyond is no such file.
constexpr std::uint64_t most_blocks = 65536;

struct OrphanBlock {
    std::uint64_t physical = 0;
    std::vector<char> bytes;

    std::size_t entries() const {
        return (bytes.size() - sizeof(ext4_orphan_block_tail)) / sizeof(__u32);
    }
    __u32 entry(std::size_t i) const {
        __u32 number = 0;
        std::memcpy(&number, bytes.data() + i * sizeof(number), sizeof(number));
        return number;
    }
};

Result<std::vector<OrphanBlock>> read_blocks(Store& store) {
    ext2_filsys fs = store.filesystem();
    const ext2_ino_t number = fs->super->s_orphan_file_inum;
    if (number < EXT2_FIRST_INO(fs->super) || number > fs->super->s_inodes_count)
        return fail(corrupt("the superblock names no file of orphans"));
    QUIRE_TRY_ASSIGN(const InodeRecord inode, InodeRecord::read(fs, number));
    const std::uint64_t count = inode.size() / fs->blocksize;
    if (!LINUX_S_ISREG(inode->i_mode) || inode.is_inline() || count > most_blocks)
        return fail(corrupt("the file of orphans makes no sense"));
    QUIRE_TRY_ASSIGN(const auto extents, map(fs, inode, 0, count));
    std::vector<OrphanBlock> blocks;
    for (const Extent& extent : extents) {
        if (!extent.is_data()) return fail(corrupt("the file of orphans has a hole"));
        for (std::uint64_t i = 0; i < extent.count; ++i) {
            OrphanBlock block{extent.physical + i, std::vector<char>(fs->blocksize)};
            QUIRE_TRY(check(io_channel_read_blk64(fs->io, block.physical, 1, block.bytes.data()),
                            "reading the file of orphans"));
            ext4_orphan_block_tail tail;
            std::memcpy(&tail, block.bytes.data() + fs->blocksize - sizeof(tail), sizeof(tail));
            if (tail.ob_magic != EXT4_ORPHAN_BLOCK_MAGIC ||
                !ext2fs_orphan_file_block_csum_verify(fs, number, block.physical,
                                                      block.bytes.data()))
                return fail(corrupt("the file of orphans is corrupt"));
            blocks.push_back(std::move(block));
        }
    }
    return blocks;
}

}  // namespace

Result<std::vector<ext2_ino_t>> read_orphan_file(Store& store) {
    std::vector<ext2_ino_t> found;
    ext2_filsys fs = store.filesystem();
    if (!ext2fs_has_feature_orphan_present(fs->super)) return found;
    QUIRE_TRY_ASSIGN(const auto blocks, read_blocks(store));
    for (const OrphanBlock& block : blocks)
        for (std::size_t i = 0; i < block.entries(); ++i) {
            const ext2_ino_t number = block.entry(i);
            if (number == 0) continue;
            if (number < EXT2_FIRST_INO(fs->super) || number > fs->super->s_inodes_count)
                return fail(corrupt("the file of orphans names an impossible inode"));
            found.push_back(number);
        }
    return found;
}

Result<void> clear_orphan_file(Store& store) {
    QUIRE_TRY_ASSIGN(auto change, Store::Change::begin(store, fs::Credentials::root()));
    ext2_filsys fs = store.filesystem();
    QUIRE_TRY_ASSIGN(auto blocks, read_blocks(store));
    for (OrphanBlock& block : blocks) {
        std::memset(block.bytes.data(), 0, block.entries() * sizeof(__u32));
        QUIRE_TRY(check(ext2fs_orphan_file_block_csum_set(fs, fs->super->s_orphan_file_inum,
                                                          block.physical, block.bytes.data()),
                        "clearing the file of orphans"));
        QUIRE_TRY(check(io_channel_write_blk64(fs->io, block.physical, 1, block.bytes.data()),
                        "clearing the file of orphans"));
    }
    ext2fs_clear_feature_orphan_present(fs->super);
    change.keep();
    return {};
}

}  // namespace quire::ext
