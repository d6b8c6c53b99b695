// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "quire/block/memory_device.hpp"
#include "quire/testing/bytes.hpp"

namespace quire::partition {

/// Writes numbers into bytes, little-endian.
template <typename Number>
void put(quire::testing::Bytes& bytes, std::size_t offset, Number value) {
    for (std::size_t index = 0; index < sizeof(Number); ++index)
        bytes[offset + index] = static_cast<std::byte>(value >> (8 * index));
}

/// One slot of a boot record.
struct MadeSlot {
    std::uint8_t type = 0;
    std::uint32_t start = 0;
    std::uint32_t length = 0;
    std::uint8_t flag = 0;
};

/// A boot record, master or extended, of 512 bytes.
quire::testing::Bytes make_record(const std::vector<MadeSlot>& slots, std::uint32_t id = 0);

struct MadeEntry {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::u16string name = {};
    /// 0 makes the entry unused.
    std::uint8_t type = 1;
};

/// Everything of a GPT, sound as it stands, for tests to spoil.
struct MadeGpt {
    std::uint64_t sectors = 2048;
    std::uint32_t sector_size = 512;
    std::uint32_t header_length = 92;
    std::uint32_t entry_size = 128;
    std::uint32_t entry_count = 128;
    std::vector<MadeEntry> entries = {};

    std::uint64_t entry_sectors() const {
        return (std::uint64_t{entry_size} * entry_count + sector_size - 1) / sector_size;
    }
    std::uint64_t first_usable() const { return 2 + entry_sectors(); }
    std::uint64_t last_usable() const { return sectors - 2 - entry_sectors(); }

    quire::testing::Bytes array() const;
    /// The header for this sector; its own checksum is right.
    quire::testing::Bytes header(std::uint64_t sector) const;
    /// The whole disk: protective MBR, primary and backup.
    std::shared_ptr<block::MemoryDevice> disk() const;
};

/// Corrects the checksum of a header that was changed.
void seal_header(quire::testing::Bytes& header);

}  // namespace quire::partition
