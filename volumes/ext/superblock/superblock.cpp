// SPDX-License-Identifier: MIT

#include "superblock/superblock.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "errors.hpp"
#include "quire/base/units.hpp"

namespace quire::ext {

// Structures are used where they lie, as little-endian words.
static_assert(std::endian::native == std::endian::little);
static_assert(sizeof(ext2_super_block) == superblock_size);

namespace {

// 16 TiB in the smallest sensible groups need no more; a hostile count must not make us allocate
// by it.
constexpr std::uint64_t most_descriptor_bytes = 128 * MiB;

std::unexpected<Error> nonsense(std::string_view what, std::uint64_t value) {
    return fail(std::errc::io_error,
                fmt::format("the superblock is corrupt: {} is {}", what, value));
}

std::uint64_t block_size_of(const ext2_super_block& super) {
    return std::uint64_t{EXT2_MIN_BLOCK_SIZE} << super.s_log_block_size;
}

bool bigalloc(const ext2_super_block& super) {
    return (super.s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_BIGALLOC) != 0;
}

bool wide(const ext2_super_block& super) {
    return (super.s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT) != 0;
}

Result<void> validate_blocks(const ext2_super_block& super) {
    if (super.s_log_block_size > EXT2_MAX_BLOCK_LOG_SIZE - EXT2_MIN_BLOCK_LOG_SIZE)
        return nonsense("the logarithm of the block size", super.s_log_block_size);
    if (bigalloc(super)) {
        if (super.s_log_cluster_size < super.s_log_block_size ||
            super.s_log_cluster_size > EXT2_MAX_CLUSTER_LOG_SIZE - EXT2_MIN_CLUSTER_LOG_SIZE)
            return nonsense("the logarithm of the cluster size", super.s_log_cluster_size);
    } else if (super.s_log_cluster_size != super.s_log_block_size) {
        return nonsense("the logarithm of the fragment size", super.s_log_cluster_size);
    }
    const std::uint64_t size = block_size_of(super);
    // Block 0 of 1 KiB holds the boot sector; in larger blocks it shares with the superblock.
    const std::uint32_t first = size == EXT2_MIN_BLOCK_SIZE && !bigalloc(super) ? 1 : 0;
    if (super.s_first_data_block > 1 || super.s_first_data_block < first ||
        (size > EXT2_MIN_BLOCK_SIZE && super.s_first_data_block != 0))
        return nonsense("the first data block", super.s_first_data_block);
    if (block_count(super) <= super.s_first_data_block)
        return nonsense("the number of blocks", block_count(super));
    if (!wide(super) && super.s_blocks_count_hi != 0)
        return nonsense("the high half of the number of blocks", super.s_blocks_count_hi);
    return {};
}

Result<void> validate_groups(const ext2_super_block& super) {
    const std::uint64_t size = block_size_of(super);
    const std::uint64_t ratio = std::uint64_t{1}
                                << (super.s_log_cluster_size - super.s_log_block_size);
    const std::uint64_t per_group = super.s_blocks_per_group;
    if (per_group == 0 || per_group % 8 != 0 || per_group % ratio != 0 ||
        per_group / ratio > 8 * size)
        return nonsense("the number of blocks in a group", per_group);
    if (super.s_clusters_per_group != per_group / ratio)
        return nonsense("the number of clusters in a group", super.s_clusters_per_group);
    const std::uint64_t inodes = super.s_inodes_per_group;
    if (inodes == 0 || inodes % 8 != 0 || inodes > 8 * size)
        return nonsense("the number of inodes in a group", inodes);
    const std::uint64_t groups = group_count(super);
    if (super.s_inodes_count != groups * inodes)
        return nonsense("the number of inodes", super.s_inodes_count);
    const std::uint64_t descriptor = wide(super) ? super.s_desc_size : EXT2_MIN_DESC_SIZE;
    if (wide(super) && (descriptor < EXT2_MIN_DESC_SIZE_64BIT || descriptor > EXT2_MAX_DESC_SIZE ||
                        !std::has_single_bit(descriptor)))
        return nonsense("the size of a group descriptor", descriptor);
    if (groups * descriptor > most_descriptor_bytes)
        return nonsense("the number of block groups", groups);
    if (super.s_reserved_gdt_blocks > size / 4)
        return nonsense("the number of reserved descriptor blocks", super.s_reserved_gdt_blocks);
    if (ext2fs_has_feature_meta_bg(const_cast<ext2_super_block*>(&super)) &&
        super.s_first_meta_bg > groups * descriptor / size + 1)
        return nonsense("the first meta block group", super.s_first_meta_bg);
    return {};
}

Result<void> validate_inodes(const ext2_super_block& super) {
    if (super.s_rev_level == EXT2_GOOD_OLD_REV) return {};
    const std::uint64_t size = super.s_inode_size;
    if (size < EXT2_GOOD_OLD_INODE_SIZE || size > block_size_of(super) ||
        !std::has_single_bit(size))
        return nonsense("the size of an inode", size);
    if (super.s_first_ino < EXT2_GOOD_OLD_FIRST_INO || super.s_first_ino > super.s_inodes_count)
        return nonsense("the first inode for files", super.s_first_ino);
    return {};
}

}  // namespace

Result<std::optional<ext2_super_block>> read_superblock(block::Device& device) {
    if (device.geometry().size < superblock_offset + superblock_size) return std::nullopt;
    ext2_super_block super;
    QUIRE_TRY(device.read(superblock_offset, std::as_writable_bytes(std::span(&super, 1))));
    if (super.s_magic != EXT2_SUPER_MAGIC) return std::nullopt;
    return super;
}

Result<void> validate(const ext2_super_block& super, std::uint64_t device_size) {
    if (super.s_rev_level > EXT2_DYNAMIC_REV)
        return fail(
            std::errc::operation_not_supported,
            fmt::format("the filesystem's revision {} is not supported", super.s_rev_level));
    QUIRE_TRY(validate_blocks(super));
    QUIRE_TRY(validate_groups(super));
    QUIRE_TRY(validate_inodes(super));
    if (block_count(super) > device_size / block_size_of(super))
        return fail(std::errc::io_error,
                    fmt::format("the filesystem has {} blocks of {} bytes, but only {} bytes are "
                                "there: the image is truncated",
                                block_count(super), block_size_of(super), device_size));
    if ((super.s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM) != 0 &&
        super.s_checksum_type != EXT2_CRC32C_CHKSUM)
        return nonsense("the kind of checksums", super.s_checksum_type);
    return {};
}

std::uint64_t block_count(const ext2_super_block& super) {
    const std::uint64_t high = wide(super) ? super.s_blocks_count_hi : 0;
    return high << 32 | super.s_blocks_count;
}

std::uint64_t group_count(const ext2_super_block& super) {
    const std::uint64_t blocks = block_count(super) - super.s_first_data_block;
    return (blocks + super.s_blocks_per_group - 1) / super.s_blocks_per_group;
}

const char* type_of(const ext2_super_block& super) {
    if (super.s_rev_level == EXT2_GOOD_OLD_REV) return "ext2";
    // What ext3 knows; anything beyond makes it ext4.
    constexpr std::uint32_t ext3_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE |
                                            EXT3_FEATURE_INCOMPAT_RECOVER |
                                            EXT2_FEATURE_INCOMPAT_META_BG;
    constexpr std::uint32_t ext3_ro_compat =
        EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE;
    if ((super.s_feature_incompat & ~ext3_incompat) != 0 ||
        (super.s_feature_ro_compat & ~ext3_ro_compat) != 0)
        return "ext4";
    return (super.s_feature_compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL) != 0 ? "ext3" : "ext2";
}

bool has_external_journal(const ext2_super_block& super) {
    return (super.s_feature_compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL) != 0 &&
           super.s_journal_inum == 0 &&
           (super.s_journal_dev != 0 || std::ranges::any_of(super.s_journal_uuid, std::identity{}));
}

}  // namespace quire::ext
