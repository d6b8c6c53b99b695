// SPDX-License-Identifier: MIT

#include "table_maker.hpp"

#include <gtest/gtest.h>
#include <isa-l/crc.h>

#include <algorithm>
#include <string_view>

namespace quire::partition {

using quire::testing::Bytes;

namespace {

std::uint32_t checksum(const Bytes& bytes, std::size_t length) {
    return ::crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(bytes.data()), length);
}

}  // namespace

Bytes make_record(const std::vector<MadeSlot>& slots, std::uint32_t id) {
    Bytes bytes(512);
    put(bytes, 440, id);
    for (std::size_t index = 0; index < slots.size(); ++index) {
        const std::size_t at = 446 + 16 * index;
        put(bytes, at, slots[index].flag);
        put(bytes, at + 4, slots[index].type);
        put(bytes, at + 8, slots[index].start);
        put(bytes, at + 12, slots[index].length);
    }
    put(bytes, 510, std::uint16_t{0xAA55});
    return bytes;
}

Bytes MadeGpt::array() const {
    Bytes bytes(std::size_t{entry_size} * entry_count);
    for (std::size_t index = 0; index < entries.size(); ++index) {
        const MadeEntry& entry = entries[index];
        const std::size_t at = index * entry_size;
        put(bytes, at, entry.type);
        put(bytes, at + 16, static_cast<std::uint32_t>(0x1000 + index));
        put(bytes, at + 32, entry.first);
        put(bytes, at + 40, entry.last);
        for (std::size_t unit = 0; unit < entry.name.size(); ++unit)
            put(bytes, at + 56 + 2 * unit, static_cast<std::uint16_t>(entry.name[unit]));
    }
    return bytes;
}

Bytes MadeGpt::header(std::uint64_t sector) const {
    Bytes bytes(sector_size);
    constexpr std::string_view signature = "EFI PART";
    std::ranges::transform(signature, bytes.begin(),
                           [](char letter) { return static_cast<std::byte>(letter); });
    const bool primary = sector == 1;
    put(bytes, 8, std::uint32_t{0x10000});
    put(bytes, 12, header_length);
    put(bytes, 24, sector);
    put(bytes, 32, primary ? sectors - 1 : 1);
    put(bytes, 40, first_usable());
    put(bytes, 48, last_usable());
    for (std::uint8_t index = 0; index < 16; ++index)
        put(bytes, 56 + index, static_cast<std::uint8_t>(index + 1));
    put(bytes, 72, primary ? 2 : sectors - 1 - entry_sectors());
    put(bytes, 80, entry_count);
    put(bytes, 84, entry_size);
    const Bytes all = array();
    put(bytes, 88, checksum(all, all.size()));
    seal_header(bytes);
    return bytes;
}

void seal_header(Bytes& header) {
    put(header, 16, std::uint32_t{0});
    put(header, 16,
        checksum(header, std::to_integer<std::size_t>(header[12]) |
                             std::to_integer<std::size_t>(header[13]) << 8));
}

std::shared_ptr<block::MemoryDevice> MadeGpt::disk() const {
    auto device = std::make_shared<block::MemoryDevice>(sectors * sector_size);
    const auto length = static_cast<std::uint32_t>(sectors - 1);
    EXPECT_TRUE(device->write(0, make_record({{0xEE, 1, length}})));
    EXPECT_TRUE(device->write(sector_size, header(1)));
    EXPECT_TRUE(device->write(2 * sector_size, array()));
    EXPECT_TRUE(device->write((sectors - 1 - entry_sectors()) * sector_size, array()));
    EXPECT_TRUE(device->write((sectors - 1) * sector_size, header(sectors - 1)));
    return device;
}

}  // namespace quire::partition
