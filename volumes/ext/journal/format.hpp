// SPDX-License-Identifier: MIT

#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

// The numbers of the jbd2 format, as "Journal (jbd2)" in the kernel's ext4 documentation gives
// them. Everything on the medium is big-endian.
namespace quire::ext::journal::format {

inline constexpr std::uint32_t magic = 0xC03B3998;

enum class BlockType : std::uint32_t {
    descriptor = 1,
    commit = 2,
    superblock_v1 = 3,
    superblock_v2 = 4,
    revoke = 5,
};

// Every block of the log that is not data begins with magic, type and transaction number.
inline constexpr std::size_t magic_offset = 0;
inline constexpr std::size_t type_offset = 4;
inline constexpr std::size_t sequence_offset = 8;
inline constexpr std::size_t header_size = 12;

// A revoke block: the header, how many of its bytes are used (header included), block numbers.
inline constexpr std::size_t revoke_count_offset = 12;
inline constexpr std::size_t revoke_header_size = 16;

// A commit block.
inline constexpr std::size_t commit_checksum_type_offset = 12;
inline constexpr std::size_t commit_checksum_size_offset = 13;
inline constexpr std::size_t commit_checksum_offset = 16;
inline constexpr std::size_t commit_seconds_offset = 48;
inline constexpr std::size_t commit_nanoseconds_offset = 56;
inline constexpr std::uint8_t checksum_type_crc32 = 1;
inline constexpr std::uint8_t checksum_size_crc32 = 4;
inline constexpr std::uint8_t checksum_type_crc32c = 4;

// One tag of a descriptor block. The low half of version 3's flags lies where the others have
// theirs, so that one offset serves all.
inline constexpr std::size_t tag_block_offset = 0;
inline constexpr std::size_t tag_checksum16_offset = 4;
inline constexpr std::size_t tag_flags_offset = 6;
inline constexpr std::size_t tag_block_high_offset = 8;
inline constexpr std::size_t tag_checksum32_offset = 12;
inline constexpr std::size_t uuid_size = 16;

inline constexpr std::uint16_t flag_escaped = 1;
inline constexpr std::uint16_t flag_same_uuid = 2;
inline constexpr std::uint16_t flag_last = 8;

/// Reads a number. Needs: it lies inside the bytes (checked).
template <std::unsigned_integral T>
T load(std::span<const std::byte> bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.subspan(offset, sizeof value).data(), sizeof value);
    if constexpr (std::endian::native == std::endian::little && sizeof value > 1)
        value = std::byteswap(value);
    return value;
}

template <std::unsigned_integral T>
void store(std::span<std::byte> bytes, std::size_t offset, T value) {
    if constexpr (std::endian::native == std::endian::little && sizeof value > 1)
        value = std::byteswap(value);
    std::memcpy(bytes.subspan(offset, sizeof value).data(), &value, sizeof value);
}

}  // namespace quire::ext::journal::format
