// SPDX-License-Identifier: MIT

#include "quire/volumes/ext/summary.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "superblock/features.hpp"
#include "superblock/superblock.hpp"

namespace quire::ext {

namespace {

template <std::size_t size>
std::string text_of(const std::uint8_t (&field)[size]) {
    const auto* text = reinterpret_cast<const char*>(field);
    return {text, strnlen(text, size)};
}

std::string uuid_of(const std::uint8_t (&uuid)[16]) {
    std::string text;
    for (int i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", uuid[i]);
    }
    return text;
}

/// Seconds of 40 bits; 0 stands for never.
std::optional<Time> time_of(std::uint32_t low, std::uint8_t high) {
    const std::int64_t seconds = static_cast<std::int64_t>(high) << 32 | low;
    if (seconds == 0) return std::nullopt;
    return Time{seconds, 0};
}

}  // namespace

std::string unreadable_because(const ext2_super_block& super) {
    if (auto readable = check_readable(super); !readable) return readable.error().sentence();
    if (has_external_journal(super))
        return "the image's journal is on a device of its own, which is not supported";
    return {};
}

std::string unwritable_because(const ext2_super_block& super) {
    if (std::string reason = unreadable_because(super); !reason.empty()) return reason;
    if (auto writable = check_writable(super); !writable) return writable.error().sentence();
    if ((super.s_state & EXT2_ERROR_FS) != 0)
        return "the image is marked as damaged: run e2fsck on it first";
    // What a replay brings may be another state; the store looks again then.
    const bool needs_recovery = (super.s_feature_incompat & EXT3_FEATURE_INCOMPAT_RECOVER) != 0;
    const bool has_journal = (super.s_feature_compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL) != 0;
    if ((super.s_state & EXT2_VALID_FS) == 0 && !needs_recovery)
        return has_journal
                   ? "the image is not marked as clean: run e2fsck on it first"
                   : "the image was not closed cleanly and has no journal: run e2fsck on it first";
    return {};
}

Result<std::optional<Summary>> probe(block::Device& device) {
    QUIRE_TRY_ASSIGN(const auto found, read_superblock(device));
    if (!found) return std::nullopt;
    const ext2_super_block& super = *found;
    // An external journal has no groups and the like that would make sense.
    if ((super.s_feature_incompat & EXT3_FEATURE_INCOMPAT_JOURNAL_DEV) == 0)
        QUIRE_TRY(validate(super, device.geometry().size));

    const bool wide = (super.s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT) != 0;
    const auto join = [wide](std::uint32_t high, std::uint32_t low) {
        return (wide ? static_cast<std::uint64_t>(high) << 32 : 0) | low;
    };
    Summary summary;
    summary.type = type_of(super);
    summary.label = text_of(super.s_volume_name);
    summary.uuid = uuid_of(super.s_uuid);
    summary.last_mounted = text_of(super.s_last_mounted);
    summary.block_size = EXT2_MIN_BLOCK_SIZE << std::min<unsigned>(super.s_log_block_size, 6);
    summary.blocks = block_count(super);
    summary.free_blocks = join(super.s_free_blocks_hi, super.s_free_blocks_count);
    summary.reserved_blocks = join(super.s_r_blocks_count_hi, super.s_r_blocks_count);
    summary.inodes = super.s_inodes_count;
    summary.free_inodes = super.s_free_inodes_count;
    summary.inode_size = EXT2_INODE_SIZE(&super);
    if (super.s_blocks_per_group != 0)
        summary.groups = static_cast<std::uint32_t>(group_count(super));
    summary.features = feature_names(super);
    summary.needs_recovery = (super.s_feature_incompat & EXT3_FEATURE_INCOMPAT_RECOVER) != 0;
    summary.has_errors = (super.s_state & EXT2_ERROR_FS) != 0;
    summary.clean =
        (super.s_state & EXT2_VALID_FS) != 0 && !summary.has_errors && !summary.needs_recovery;
    summary.created = time_of(super.s_mkfs_time, super.s_mkfs_time_hi);
    summary.mounted = time_of(super.s_mtime, super.s_mtime_hi);
    summary.written = time_of(super.s_wtime, super.s_wtime_hi);
    summary.checked = time_of(super.s_lastcheck, super.s_lastcheck_hi);
    summary.mount_count = super.s_mnt_count;
    summary.unreadable_because = unreadable_because(super);
    summary.unwritable_because = unwritable_because(super);
    return summary;
}

}  // namespace quire::ext
