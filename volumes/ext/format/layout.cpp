// SPDX-License-Identifier: MIT

// The frame of a new filesystem, in the order and with the choices of mke2fs, so that what the
// kernel and e2fsck find is what they are used to. libext2fs lays out groups and tables; what is
// ours is the choice of parameters and that nothing depends on the clock, the environment or
// chance.

#include "format/layout.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "errors.hpp"
#include "quire/base/units.hpp"

namespace quire::ext {

namespace {

constexpr std::uint32_t inode_size = 256;
constexpr std::uint32_t extra_inode_size = 32;  // of what lies beyond the classic 128 bytes
constexpr std::uint64_t bytes_per_inode = 16 * KiB;

void set_features(ext2_super_block& super, Type type, bool journal) {
    super.s_feature_compat = EXT2_FEATURE_COMPAT_EXT_ATTR | EXT2_FEATURE_COMPAT_RESIZE_INODE |
                             EXT2_FEATURE_COMPAT_DIR_INDEX;
    super.s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE;
    super.s_feature_ro_compat =
        EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE;
    if (type == Type::ext4) {
        super.s_feature_incompat |= EXT3_FEATURE_INCOMPAT_EXTENTS | EXT4_FEATURE_INCOMPAT_64BIT |
                                    EXT4_FEATURE_INCOMPAT_FLEX_BG;
        super.s_feature_ro_compat |=
            EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_DIR_NLINK |
            EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE | EXT4_FEATURE_RO_COMPAT_METADATA_CSUM;
        super.s_desc_size = EXT2_MIN_DESC_SIZE_64BIT;
        super.s_log_groups_per_flex = 4;
    }
    if (journal) super.s_feature_compat |= EXT3_FEATURE_COMPAT_HAS_JOURNAL;
}

std::uint32_t journal_blocks(const FormatOptions& options, std::uint64_t blocks,
                             std::uint32_t block_size) {
    if (options.type == Type::ext2) return 0;
    if (options.journal_size) return static_cast<std::uint32_t>(*options.journal_size / block_size);
    return static_cast<std::uint32_t>(std::max(ext2fs_default_journal_size(blocks), 0));
}

Result<ext2_super_block> parameters(std::uint64_t size, const FormatOptions& options,
                                    std::uint32_t block_size) {
    auto invalid = [](std::string sentence) {
        return fail(std::errc::invalid_argument, std::move(sentence));
    };
    if (block_size != 1024 && block_size != 2048 && block_size != 4096)
        return invalid(fmt::format("a block size of {} is not 1024, 2048 or 4096", block_size));
    if (options.label.size() > EXT2_LABEL_LEN) return invalid("a label has at most 16 bytes");
    if (options.reserved_percent > 50) return invalid("at most 50 per cent can be reserved");
    const std::uint64_t blocks = size / block_size;
    if (blocks > std::numeric_limits<std::uint32_t>::max() && options.type != Type::ext4)
        return invalid("the device is too large for ext2 or ext3 with this block size");

    ext2_super_block super{};
    set_features(super, options.type, journal_blocks(options, blocks, block_size) > 0);
    ext2fs_blocks_count_set(&super, blocks);
    ext2fs_r_blocks_count_set(&super, blocks * options.reserved_percent / 100);
    super.s_rev_level = 1;
    super.s_log_block_size = block_size == 1024 ? 0 : block_size == 2048 ? 1 : 2;
    super.s_log_cluster_size = super.s_log_block_size;
    super.s_inode_size = inode_size;
    super.s_min_extra_isize = extra_inode_size;
    super.s_want_extra_isize = extra_inode_size;
    const std::uint64_t inodes =
        options.inodes ? std::max<std::uint64_t>(*options.inodes, 16) : size / bytes_per_inode;
    super.s_inodes_count = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(inodes, 16, std::numeric_limits<std::uint32_t>::max() - 256));
    return super;
}

void set_identity(ext2_filsys fs, const FormatOptions& options) {
    ext2_super_block& super = *fs->super;
    const auto seconds = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(options.time.seconds, 1, std::numeric_limits<int32_t>::max()));
    fs->now = seconds;
    super.s_mkfs_time = super.s_lastcheck = super.s_wtime = seconds;
    std::memcpy(super.s_uuid, options.uuid.data(), options.uuid.size());
    std::memcpy(super.s_hash_seed, options.hash_seed.data(), options.hash_seed.size());
    std::memcpy(super.s_volume_name, options.label.data(), options.label.size());
    super.s_def_hash_version = EXT2_HASH_HALF_MD4;
    // Whether hashes take bytes as signed must not depend on the machine that makes the image.
    super.s_flags &= ~EXT2_FLAGS_UNSIGNED_HASH;
    super.s_flags |= EXT2_FLAGS_SIGNED_HASH;
    super.s_default_mount_opts = EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL;
    super.s_max_mnt_count = -1;
    super.s_checkinterval = 0;
    super.s_errors = EXT2_ERRORS_CONTINUE;
    super.s_creator_os = EXT2_OS_LINUX;
    super.s_kbytes_written = 1;
    if (ext2fs_has_feature_metadata_csum(&super)) super.s_checksum_type = EXT2_CRC32C_CHKSUM;
    ext2fs_init_csum_seed(fs);
}

Result<void> clear_inode_tables(ext2_filsys fs) {
    for (dgrp_t group = 0; group < fs->group_desc_count; ++group) {
        QUIRE_TRY(check(
            ext2fs_zero_blocks2(fs, ext2fs_inode_table_loc(fs, group),
                                static_cast<int>(fs->inode_blocks_per_group), nullptr, nullptr),
            "clearing an inode table"));
        if (ext2fs_has_group_desc_csum(fs)) ext2fs_bg_flags_set(fs, group, EXT2_BG_INODE_ZEROED);
    }
    return {};
}

Result<void> reserve_inodes(ext2_filsys fs) {
    ext2fs_inode_alloc_stats2(fs, EXT2_BAD_INO, +1, 0);
    for (ext2_ino_t inode = EXT2_ROOT_INO + 1; inode < EXT2_FIRST_INODE(fs->super); ++inode)
        ext2fs_inode_alloc_stats2(fs, inode, +1, 0);
    ext2fs_mark_ib_dirty(fs);
    return check(ext2fs_update_bb_inode(fs, nullptr), "making the inode of bad blocks");
}

}  // namespace

std::uint32_t default_block_size(std::uint64_t device_size) {
    return device_size < 8 * MiB ? 1024 : 4096;
}

Result<Filesystem> open_layout(FormatTarget& target, const FormatOptions& options) {
    block::Device& device = target.device();
    const std::uint64_t size = device.geometry().size;
    const std::uint32_t block_size = options.block_size.value_or(default_block_size(size));
    QUIRE_TRY_ASSIGN(ext2_super_block wanted, parameters(size, options, block_size));

    // Whatever was here shall not be found again: boot sectors and superblocks of others.
    if (!options.device_is_zero)
        QUIRE_TRY(device.zero({0, std::min<std::uint64_t>(size, 64 * KiB)}));

    ext2_filsys raw = nullptr;
    const errcode_t made = ext2fs_initialize(target.name().c_str(), EXT2_FLAG_64BITS, &wanted,
                                             format_io_manager(), &raw);
    if (made == EXT2_ET_TOOSMALL || made == EXT2_ET_TOO_MANY_INODES)
        return fail(
            made == EXT2_ET_TOOSMALL ? std::errc::no_space_on_device : std::errc::invalid_argument,
            fmt::format("{} bytes are too few for this filesystem", size));
    QUIRE_TRY(check(made, "laying out the filesystem"));
    Filesystem fs(raw);
    // What is read back was written by this process a moment ago.
    raw->flags |= EXT2_FLAG_IGNORE_CSUM_ERRORS;
    set_identity(raw, options);
    QUIRE_TRY(check(ext2fs_allocate_tables(raw), "placing the inode tables"));
    QUIRE_TRY(clear_inode_tables(raw));
    QUIRE_TRY(reserve_inodes(raw));
    if (ext2fs_has_feature_resize_inode(raw->super))
        QUIRE_TRY(check(ext2fs_create_resize_inode(raw), "making the inode for growth"));
    const std::uint32_t journal =
        journal_blocks(options, ext2fs_blocks_count(raw->super), block_size);
    if (journal > 0)
        QUIRE_TRY(check(ext2fs_add_journal_inode2(raw, journal, ~0ULL, 0), "making the journal"));
    return fs;
}

Result<void> close_layout(ext2_filsys fs) {
    // Groups that nothing was allocated in have had no checksum of their flags so far.
    QUIRE_TRY(check(ext2fs_set_gdt_csum(fs), "closing the group descriptors"));
    ext2fs_mark_super_dirty(fs);
    fs->flags |= EXT2_FLAG_BB_DIRTY | EXT2_FLAG_IB_DIRTY;
    return check(ext2fs_flush2(fs, 0), "writing the filesystem");
}

std::uint64_t size_for(const Demand& demand, const FormatOptions& options, std::uint32_t block_size,
                       std::uint32_t spare_percent) {
    const std::uint64_t blocks_per_group = 8ull * block_size;
    const std::uint64_t inodes_per_block = block_size / inode_size;
    const std::uint64_t content =
        demand.content_blocks + demand.content_blocks * spare_percent / 100;
    const std::uint64_t inodes = std::max<std::uint64_t>(
        demand.inodes + 16, options.inodes ? *options.inodes : std::uint64_t{0});
    // What a filesystem of a given size takes for itself grows with the size: go round until it
    // fits. Each turn adds what was missing, so few turns suffice.
    std::uint64_t blocks = content + 64;
    for (int turn = 0; turn < 64; ++turn) {
        const std::uint64_t groups = (blocks + blocks_per_group - 1) / blocks_per_group;
        const std::uint64_t descriptors = (groups * 64 + block_size - 1) / block_size;
        // Backups lie in groups 0, 1 and the powers of 3, 5 and 7.
        std::uint64_t backups = std::min<std::uint64_t>(groups, 2);
        for (const std::uint64_t base : {3, 5, 7})
            for (std::uint64_t power = base; power < groups; power *= base) ++backups;
        const std::uint64_t reserved_descriptors =
            std::min<std::uint64_t>(block_size / 4, descriptors * 1024);
        std::uint64_t tables = (inodes + inodes_per_block - 1) / inodes_per_block;
        tables += groups * 2;  // rounding up in each group
        const std::uint64_t overhead = 1 + backups * (1 + descriptors + reserved_descriptors) +
                                       groups * 2 + tables +
                                       journal_blocks(options, blocks, block_size) + 32;
        const std::uint64_t need = (content + overhead) * 100 / (100 - options.reserved_percent);
        if (need <= blocks) break;
        blocks = need + 1;
    }
    return blocks * block_size;
}

}  // namespace quire::ext
