// SPDX-License-Identifier: MIT

#include "nodes/inode_fields.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>

namespace quire::ext {

namespace {

constexpr std::uint32_t classic_size = 128;
constexpr std::uint32_t epoch_bits = 2;  // of the extra word; the others are nanoseconds
constexpr std::int64_t first_second = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t epoch = std::int64_t{1} << 32;

// Where a time stands: its seconds and, if the inode is that large, its extra word.
struct Fields {
    std::size_t seconds = 0;
    std::size_t extra = 0;
};

Fields fields_of(Stamp stamp) {
    switch (stamp) {
        case Stamp::access:
            return {offsetof(ext2_inode_large, i_atime), offsetof(ext2_inode_large, i_atime_extra)};
        case Stamp::modify:
            return {offsetof(ext2_inode_large, i_mtime), offsetof(ext2_inode_large, i_mtime_extra)};
        case Stamp::change:
            return {offsetof(ext2_inode_large, i_ctime), offsetof(ext2_inode_large, i_ctime_extra)};
        case Stamp::birth:
            break;
    }
    return {offsetof(ext2_inode_large, i_crtime), offsetof(ext2_inode_large, i_crtime_extra)};
}

// The fixed fields as bytes: every field named here lies inside of them.
std::uint32_t load(const InodeRecord& inode, std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, reinterpret_cast<const std::byte*>(&inode.fields()) + at, sizeof value);
    return value;
}

void store(InodeRecord& inode, std::size_t at, std::uint32_t value) {
    std::memcpy(reinterpret_cast<std::byte*>(&inode.fields()) + at, &value, sizeof value);
}

bool has_field(const InodeRecord& inode, std::size_t at) {
    return at + sizeof(std::uint32_t) <= classic_size + inode.fields().i_extra_isize;
}

}  // namespace

std::optional<Time> get_time(const InodeRecord& inode, Stamp stamp) {
    const Fields at = fields_of(stamp);
    if (stamp == Stamp::birth && !has_field(inode, at.seconds)) return std::nullopt;
    Time time;
    time.seconds = static_cast<std::int32_t>(load(inode, at.seconds));
    if (has_field(inode, at.extra)) {
        const std::uint32_t extra = load(inode, at.extra);
        time.seconds += static_cast<std::int64_t>(extra & 3) * epoch;
        time.nanoseconds = std::min<std::uint32_t>(extra >> epoch_bits, 999'999'999);
    }
    return time;
}

void set_time(InodeRecord& inode, Stamp stamp, Time time) {
    const Fields at = fields_of(stamp);
    if (stamp == Stamp::birth && !has_field(inode, at.seconds)) return;
    const bool extra = has_field(inode, at.extra);
    const std::int64_t last_second =
        extra ? first_second + 4 * epoch - 1 : first_second + epoch - 1;
    if (time.seconds < first_second) time = {first_second, 0};
    if (time.seconds > last_second) time = {last_second, 0};
    const auto low = static_cast<std::int32_t>(time.seconds);
    store(inode, at.seconds, static_cast<std::uint32_t>(low));
    if (extra) {
        const auto epochs = static_cast<std::uint32_t>((time.seconds - low) / epoch);
        store(inode, at.extra, epochs | time.nanoseconds << epoch_bits);
    }
}

std::uint32_t get_uid(const InodeRecord& inode) {
    return inode->i_uid | std::uint32_t{inode->osd2.linux2.l_i_uid_high} << 16;
}

std::uint32_t get_gid(const InodeRecord& inode) {
    return inode->i_gid | std::uint32_t{inode->osd2.linux2.l_i_gid_high} << 16;
}

void set_uid(InodeRecord& inode, std::uint32_t uid) {
    inode->i_uid = static_cast<std::uint16_t>(uid);
    inode->osd2.linux2.l_i_uid_high = static_cast<std::uint16_t>(uid >> 16);
}

void set_gid(InodeRecord& inode, std::uint32_t gid) {
    inode->i_gid = static_cast<std::uint16_t>(gid);
    inode->osd2.linux2.l_i_gid_high = static_cast<std::uint16_t>(gid >> 16);
}

fs::DeviceNumber get_device(const InodeRecord& inode) {
    const std::uint32_t old = inode->i_block[0];
    if (old != 0) return {old >> 8 & 0xFF, old & 0xFF};
    const std::uint32_t wide = inode->i_block[1];
    return {wide >> 8 & 0xFFF, (wide & 0xFF) | (wide >> 12 & 0xFFF00)};
}

Result<void> set_device(InodeRecord& inode, fs::DeviceNumber device) {
    if (device.major > 0xFFF || device.minor > 0xFFFFF)
        return fail(std::errc::invalid_argument, "the device number is too large for ext");
    const bool fits = device.major <= 0xFF && device.minor <= 0xFF;
    inode->i_block[0] = fits ? device.major << 8 | device.minor : 0;
    inode->i_block[1] =
        fits ? 0 : (device.minor & 0xFF) | device.major << 8 | (device.minor & 0xFFF00) << 12;
    return {};
}

std::uint8_t entry_type(std::uint32_t mode) {
    switch (fs::type_of_mode(mode)) {
        case fs::FileType::regular:
            return EXT2_FT_REG_FILE;
        case fs::FileType::directory:
            return EXT2_FT_DIR;
        case fs::FileType::symbolic_link:
            return EXT2_FT_SYMLINK;
        case fs::FileType::character_device:
            return EXT2_FT_CHRDEV;
        case fs::FileType::block_device:
            return EXT2_FT_BLKDEV;
        case fs::FileType::fifo:
            return EXT2_FT_FIFO;
        case fs::FileType::socket:
            return EXT2_FT_SOCK;
        case fs::FileType::unknown:
            break;
    }
    return EXT2_FT_UNKNOWN;
}

}  // namespace quire::ext
