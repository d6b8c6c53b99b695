// SPDX-License-Identifier: MIT

#include "log_blocks.hpp"

#include <algorithm>
#include <array>

#include "checksum.hpp"

namespace quire::ext::journal {

namespace {

using format::load;
using format::store;

/// The checksum of a block whose four bytes at `hole` hold, or will hold, that checksum.
std::uint32_t checksum_around(std::uint32_t seed, std::span<const std::byte> block,
                              std::size_t hole) {
    constexpr std::array<std::byte, 4> zeros{};
    const std::uint32_t sum = crc32c(crc32c(seed, block.first(hole)), zeros);
    return crc32c(sum, block.subspan(hole + zeros.size()));
}

void write_header(format::BlockType type, std::uint32_t transaction, std::span<std::byte> block) {
    std::ranges::fill(block, std::byte{0});
    store(block, format::magic_offset, format::magic);
    store(block, format::type_offset, static_cast<std::uint32_t>(type));
    store(block, format::sequence_offset, transaction);
}

void write_tail(const Superblock& superblock, std::span<std::byte> block) {
    if (superblock.tail_size() == 0) return;
    const std::size_t hole = block.size() - superblock.tail_size();
    store(block, hole, checksum_around(superblock.checksum_seed(), block, hole));
}

}  // namespace

std::optional<Header> read_header(std::span<const std::byte> block) {
    if (load<std::uint32_t>(block, format::magic_offset) != format::magic) return std::nullopt;
    return Header{static_cast<format::BlockType>(load<std::uint32_t>(block, format::type_offset)),
                  load<std::uint32_t>(block, format::sequence_offset)};
}

void read_tags(const Superblock& superblock, std::span<const std::byte> block,
               std::vector<Tag>& tags) {
    const std::size_t size = superblock.tag_size();
    const std::size_t end = block.size() - superblock.tail_size();
    const Checksums checksums = superblock.checksums();
    tags.clear();
    for (std::size_t at = format::header_size; at + size <= end;) {
        Tag tag;
        const auto flags = load<std::uint16_t>(block, at + format::tag_flags_offset);
        tag.block = load<std::uint32_t>(block, at + format::tag_block_offset);
        if (superblock.has_incompatible(feature::wide_blocks))
            tag.block |=
                std::uint64_t{load<std::uint32_t>(block, at + format::tag_block_high_offset)} << 32;
        tag.escaped = flags & format::flag_escaped;
        if (checksums == Checksums::v3)
            tag.checksum = load<std::uint32_t>(block, at + format::tag_checksum32_offset);
        else if (checksums == Checksums::v2)
            tag.checksum = load<std::uint16_t>(block, at + format::tag_checksum16_offset);
        tags.push_back(tag);
        if (flags & format::flag_last) break;
        at += size + (flags & format::flag_same_uuid ? 0 : format::uuid_size);
    }
}

std::optional<std::vector<std::uint64_t>> read_revokes(const Superblock& superblock,
                                                       std::span<const std::byte> block) {
    const auto used = load<std::uint32_t>(block, format::revoke_count_offset);
    if (used > block.size() - superblock.tail_size()) return std::nullopt;
    const std::size_t size = superblock.revoke_size();
    std::vector<std::uint64_t> revokes;
    for (std::size_t at = format::revoke_header_size; at + size <= used; at += size)
        revokes.push_back(size == 8 ? load<std::uint64_t>(block, at)
                                    : load<std::uint32_t>(block, at));
    return revokes;
}

bool tail_is_right(const Superblock& superblock, std::span<const std::byte> block) {
    if (superblock.tail_size() == 0) return true;
    const std::size_t hole = block.size() - superblock.tail_size();
    return load<std::uint32_t>(block, hole) ==
           checksum_around(superblock.checksum_seed(), block, hole);
}

std::uint32_t data_checksum(const Superblock& superblock, std::uint32_t seed,
                            std::uint32_t transaction, std::span<const std::byte> data) {
    if (superblock.tail_size() == 0) return 0;
    std::array<std::byte, 4> number;
    store(std::span<std::byte>(number), 0, transaction);
    const std::uint32_t sum = crc32c(crc32c(seed, number), data);
    return superblock.checksums() == Checksums::v2 ? sum & 0xFFFF : sum;
}

bool commit_is_right(const Superblock& superblock, std::span<const std::byte> block) {
    if (superblock.tail_size() == 0) return true;
    return load<std::uint32_t>(block, format::commit_checksum_offset) ==
           checksum_around(superblock.checksum_seed(), block, format::commit_checksum_offset);
}

bool commit_agrees(std::span<const std::byte> block, std::uint32_t sum) {
    const auto type = load<std::uint8_t>(block, format::commit_checksum_type_offset);
    const auto size = load<std::uint8_t>(block, format::commit_checksum_size_offset);
    const auto found = load<std::uint32_t>(block, format::commit_checksum_offset);
    if (type == 0 && size == 0 && found == 0) return true;
    return type == format::checksum_type_crc32 && size == format::checksum_size_crc32 &&
           found == sum;
}

std::uint64_t commit_seconds(std::span<const std::byte> block) {
    return load<std::uint64_t>(block, format::commit_seconds_offset);
}

std::size_t tags_per_block(const Superblock& superblock) {
    // One UUID follows the first tag; the others say that theirs is the same.
    return (superblock.block_size() - format::header_size - superblock.tail_size() -
            format::uuid_size) /
           superblock.tag_size();
}

std::size_t revokes_per_block(const Superblock& superblock) {
    return (superblock.block_size() - format::revoke_header_size - superblock.tail_size()) /
           superblock.revoke_size();
}

void write_descriptor(const Superblock& superblock, std::uint32_t transaction,
                      std::span<const Tag> tags, std::span<std::byte> block) {
    write_header(format::BlockType::descriptor, transaction, block);
    const Checksums checksums = superblock.checksums();
    std::size_t at = format::header_size;
    for (std::size_t i = 0; i < tags.size(); ++i) {
        const Tag& tag = tags[i];
        const unsigned flags = (tag.escaped ? format::flag_escaped : 0u) |
                               (i > 0 ? format::flag_same_uuid : 0u) |
                               (i + 1 == tags.size() ? format::flag_last : 0u);
        store(block, at + format::tag_block_offset, static_cast<std::uint32_t>(tag.block));
        if (superblock.has_incompatible(feature::wide_blocks))
            store(block, at + format::tag_block_high_offset,
                  static_cast<std::uint32_t>(tag.block >> 32));
        if (checksums == Checksums::v3)
            store(block, at + format::tag_checksum32_offset, tag.checksum);
        else if (checksums == Checksums::v2)
            store(block, at + format::tag_checksum16_offset,
                  static_cast<std::uint16_t>(tag.checksum));
        store(block, at + format::tag_flags_offset, static_cast<std::uint16_t>(flags));
        at += superblock.tag_size();
        if (i == 0) {
            std::ranges::copy(superblock.uuid(), block.subspan(at).begin());
            at += format::uuid_size;
        }
    }
    write_tail(superblock, block);
}

void write_revokes(const Superblock& superblock, std::uint32_t transaction,
                   std::span<const std::uint64_t> revokes, std::span<std::byte> block) {
    write_header(format::BlockType::revoke, transaction, block);
    std::size_t at = format::revoke_header_size;
    for (const std::uint64_t revoked : revokes) {
        if (superblock.revoke_size() == 8)
            store(block, at, revoked);
        else
            store(block, at, static_cast<std::uint32_t>(revoked));
        at += superblock.revoke_size();
    }
    store(block, format::revoke_count_offset, static_cast<std::uint32_t>(at));
    write_tail(superblock, block);
}

void write_commit(const Superblock& superblock, std::uint32_t transaction, Time time,
                  std::uint32_t sum, std::span<std::byte> block) {
    write_header(format::BlockType::commit, transaction, block);
    store(block, format::commit_seconds_offset, static_cast<std::uint64_t>(time.seconds));
    store(block, format::commit_nanoseconds_offset, time.nanoseconds);
    if (superblock.checksums() == Checksums::v1) {
        store(block, format::commit_checksum_type_offset, format::checksum_type_crc32);
        store(block, format::commit_checksum_size_offset, format::checksum_size_crc32);
        store(block, format::commit_checksum_offset, sum);
    } else if (superblock.tail_size() != 0) {
        store(block, format::commit_checksum_offset,
              checksum_around(superblock.checksum_seed(), block, format::commit_checksum_offset));
    }
}

}  // namespace quire::ext::journal
