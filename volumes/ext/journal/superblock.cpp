// SPDX-License-Identifier: MIT

#include "quire/volumes/ext/journal/superblock.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "checksum.hpp"
#include "format.hpp"

namespace quire::ext::journal {

namespace {

using format::BlockType;

constexpr std::size_t block_size_offset = 0x0C;
constexpr std::size_t length_offset = 0x10;
constexpr std::size_t first_offset = 0x14;
constexpr std::size_t log_sequence_offset = 0x18;
constexpr std::size_t start_offset = 0x1C;
constexpr std::size_t error_offset = 0x20;
constexpr std::size_t compatible_offset = 0x24;
constexpr std::size_t incompatible_offset = 0x28;
constexpr std::size_t read_only_offset = 0x2C;
constexpr std::size_t uuid_offset = 0x30;
constexpr std::size_t users_offset = 0x40;
constexpr std::size_t checksum_type_offset = 0x50;
constexpr std::size_t fast_commit_blocks_offset = 0x54;
constexpr std::size_t checksum_offset = 0xFC;

constexpr std::uint32_t known_incompatible = feature::revoke | feature::wide_blocks |
                                             feature::async_commit | feature::checksum_v2 |
                                             feature::checksum_v3 | feature::fast_commit;
/// What the format reserves for fast commits when the superblock gives no number.
constexpr std::uint32_t default_fast_commit_blocks = 256;

std::unexpected<Error> bad(std::string why) {
    return fail(std::errc::bad_message, "the journal's superblock is damaged: " + std::move(why));
}

}  // namespace

std::uint32_t Superblock::field(std::size_t offset) const {
    return format::load<std::uint32_t>(bytes_, offset);
}
void Superblock::set_field(std::size_t offset, std::uint32_t value) {
    format::store(std::span(bytes_), offset, value);
}

Result<Superblock> Superblock::read(const Map& map) {
    std::array<std::byte, bytes_size> bytes;
    QUIRE_TRY(map.device().read(map.device_block(0) * map.block_size(), bytes));
    return parse(bytes, map);
}

Result<Superblock> Superblock::parse(std::span<const std::byte> bytes, const Map& map) {
    Superblock superblock;
    if (bytes.size() < bytes_size) return bad("it is cut short");
    std::ranges::copy(bytes.first(bytes_size), superblock.bytes_.begin());
    QUIRE_TRY(superblock.check(map));
    return superblock;
}

Result<void> Superblock::check(const Map& map) const {
    if (field(format::magic_offset) != format::magic) return bad("it has no magic number");
    const auto type = static_cast<BlockType>(field(format::type_offset));
    if (type == BlockType::superblock_v2) {
        QUIRE_TRY(check_features());
    } else if (type != BlockType::superblock_v1) {
        return bad(fmt::format("it is of type {}", field(format::type_offset)));
    }
    if (block_size() != map.block_size())
        return bad(fmt::format("its blocks have {} bytes and the filesystem's {}", block_size(),
                               map.block_size()));
    if (field(length_offset) > map.size())
        return bad(fmt::format("it claims {} blocks and its inode has {}", field(length_offset),
                               map.size()));
    if (fast_commit_blocks() >= field(length_offset))
        return bad(fmt::format("{} of its {} blocks are for fast commits", fast_commit_blocks(),
                               field(length_offset)));
    if (first() == 0 || first() >= end())
        return bad(fmt::format("its log begins at block {} and ends at {}", first(), end()));
    if (start() != 0 && (start() < first() || start() >= end()))
        return bad(fmt::format("it is to be replayed from block {}, outside the log", start()));
    return {};
}

Result<void> Superblock::check_features() const {
    const auto unsupported = [](std::string what) {
        return fail(std::errc::operation_not_supported, std::move(what));
    };
    if (const auto unknown = field(incompatible_offset) & ~known_incompatible)
        return unsupported(
            fmt::format("the journal has unknown incompatible features {:#x}", unknown));
    if (const auto unknown = field(read_only_offset))
        return unsupported(
            fmt::format("the journal has unknown read-only features {:#x}", unknown));
    if (field(users_offset) > 1)
        return unsupported(
            fmt::format("the journal is external, shared by {} filesystems", field(users_offset)));
    const bool v1 = has_compatible(feature::compatible_checksum);
    const bool v2 = has_incompatible(feature::checksum_v2);
    const bool v3 = has_incompatible(feature::checksum_v3);
    if (v1 + v2 + v3 > 1) return bad("it has checksums of more than one version");
    if (v2 || v3) {
        const auto checksum_type = std::to_integer<std::uint8_t>(bytes_[checksum_type_offset]);
        if (checksum_type != format::checksum_type_crc32c)
            return unsupported(
                fmt::format("the journal's checksums are of unknown type {}", checksum_type));
        if (field(checksum_offset) != checksum()) return bad("its checksum is wrong");
    }
    return {};
}

bool Superblock::version_2() const {
    return static_cast<BlockType>(field(format::type_offset)) == BlockType::superblock_v2;
}

std::uint32_t Superblock::block_size() const {
    return field(block_size_offset);
}
std::uint32_t Superblock::first() const {
    return field(first_offset);
}
std::uint32_t Superblock::end() const {
    return field(length_offset) - fast_commit_blocks();
}
std::uint32_t Superblock::start() const {
    return field(start_offset);
}
std::uint32_t Superblock::sequence() const {
    return field(log_sequence_offset);
}
std::int32_t Superblock::error_number() const {
    return static_cast<std::int32_t>(field(error_offset));
}
std::span<const std::byte, 16> Superblock::uuid() const {
    return std::span(bytes_).subspan<uuid_offset, 16>();
}

// Version 1 has nothing defined behind the error number: what is there is no feature.
bool Superblock::has_compatible(std::uint32_t bits) const {
    return version_2() && (field(compatible_offset) & bits) == bits;
}
bool Superblock::has_incompatible(std::uint32_t bits) const {
    return version_2() && (field(incompatible_offset) & bits) == bits;
}

std::uint32_t Superblock::fast_commit_blocks() const {
    if (!has_incompatible(feature::fast_commit)) return 0;
    const std::uint32_t number = field(fast_commit_blocks_offset);
    return number ? number : default_fast_commit_blocks;
}

Checksums Superblock::checksums() const {
    if (has_incompatible(feature::checksum_v3)) return Checksums::v3;
    if (has_incompatible(feature::checksum_v2)) return Checksums::v2;
    if (has_compatible(feature::compatible_checksum)) return Checksums::v1;
    return Checksums::none;
}

std::size_t Superblock::tag_size() const {
    // Version 2 added two bytes for a checksum that it then put elsewhere: they stayed empty.
    if (checksums() == Checksums::v3) return 16;
    return (has_incompatible(feature::wide_blocks) ? 12 : 8) +
           (checksums() == Checksums::v2 ? 2 : 0);
}

std::size_t Superblock::tail_size() const {
    return checksums() == Checksums::v2 || checksums() == Checksums::v3 ? 4 : 0;
}

std::uint32_t Superblock::checksum_seed() const {
    return crc32c(checksum_start, uuid());
}

std::uint32_t Superblock::checksum() const {
    auto bytes = bytes_;
    format::store<std::uint32_t>(bytes, checksum_offset, 0);
    return crc32c(checksum_start, bytes);
}

void Superblock::set_log(std::uint32_t start, std::uint32_t sequence) {
    set_field(start_offset, start);
    set_field(log_sequence_offset, sequence);
}

void Superblock::add_incompatible(std::uint32_t bits) {
    if (!version_2()) {
        set_field(format::type_offset, static_cast<std::uint32_t>(BlockType::superblock_v2));
        std::ranges::fill(std::span(bytes_).subspan(compatible_offset), std::byte{0});
        set_field(users_offset, 1);
    }
    set_field(incompatible_offset, field(incompatible_offset) | bits);
    if (bits & (feature::checksum_v2 | feature::checksum_v3))
        bytes_[checksum_type_offset] = std::byte{format::checksum_type_crc32c};
}

Result<void> Superblock::write(const Map& map) {
    if (tail_size() != 0) set_field(checksum_offset, checksum());
    return map.device().write(map.device_block(0) * map.block_size(), bytes_);
}

}  // namespace quire::ext::journal
