// SPDX-License-Identifier: MIT

#include "content/block_io.hpp"

#include <fmt/core.h>

#include "errors.hpp"

namespace quire::ext {

Result<void> read_blocks(ext2_filsys fs, std::uint64_t block, std::span<std::byte> memory) {
    const auto count = memory.size() / fs->blocksize;
    const errcode_t code =
        io_channel_read_blk64(fs->io, block, static_cast<int>(count), memory.data());
    if (code != 0) return fail(to_error(code, fmt::format("reading block {}", block)));
    return {};
}

Result<void> write_blocks(ext2_filsys fs, std::uint64_t block, std::span<const std::byte> memory) {
    const auto count = memory.size() / fs->blocksize;
    const errcode_t code =
        io_channel_write_blk64(fs->io, block, static_cast<int>(count), memory.data());
    if (code != 0) return fail(to_error(code, fmt::format("writing block {}", block)));
    return {};
}

bool is_inside(ext2_filsys fs, std::uint64_t block, std::uint64_t count) {
    const std::uint64_t end = ext2fs_blocks_count(fs->super);
    return block > fs->super->s_first_data_block && block < end && count <= end - block;
}

bool verifies_checksums(ext2_filsys fs) {
    return ext2fs_has_feature_metadata_csum(fs->super) &&
           (fs->flags & EXT2_FLAG_IGNORE_CSUM_ERRORS) == 0;
}

std::uint64_t home_of(ext2_filsys fs, ext2_ino_t inode) {
    dgrp_t group = ext2fs_group_of_ino(fs, inode);
    const unsigned flex = fs->super->s_log_groups_per_flex;
    if (flex != 0 && flex < 32) group &= ~((1u << flex) - 1);
    return ext2fs_group_first_block2(fs, group);
}

}  // namespace quire::ext
