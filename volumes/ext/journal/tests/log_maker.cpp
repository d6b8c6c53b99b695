// SPDX-License-Identifier: MIT

#include "log_maker.hpp"

#include <gtest/gtest.h>

#include "checksum.hpp"
#include "format.hpp"
#include "log_blocks.hpp"
#include "transaction_image.hpp"

namespace quire::ext::journal {

std::vector<Kind> every_kind() {
    std::vector<Kind> kinds;
    for (const bool wide : {false, true}) {
        const std::uint32_t base = feature::revoke | (wide ? feature::wide_blocks : 0);
        const std::string suffix = wide ? "_64bit" : "_32bit";
        Kind kind;
        kind.incompatible = base;
        kind.name = "plain" + suffix;
        kinds.push_back(kind);
        kind.name = "v1" + suffix;
        kind.compatible = feature::compatible_checksum;
        kinds.push_back(kind);
        kind.compatible = 0;
        kind.name = "v2" + suffix;
        kind.incompatible = base | feature::checksum_v2;
        kinds.push_back(kind);
        kind.name = "v3" + suffix;
        kind.incompatible = base | feature::checksum_v3;
        kinds.push_back(kind);
    }
    Kind large = kinds.back();
    large.name = "v3_64bit_4k";
    large.block_size = 4096;
    kinds.push_back(large);
    return kinds;
}

std::vector<std::byte> superblock_bytes(const Kind& kind) {
    std::vector<std::byte> bytes(Superblock::bytes_size);
    const auto put = [&bytes](std::size_t offset, std::uint32_t value) {
        format::store(std::span(bytes), offset, value);
    };
    std::uint32_t length = kind.length;
    if (length == 0)
        for (const Extent& extent : kind.extents) length += extent.count;
    put(0x00, format::magic);
    put(0x04, kind.version_2 ? 4 : 3);
    put(0x0C, kind.block_size);
    put(0x10, length);
    put(0x14, 1);
    put(0x18, kind.sequence);
    put(0x1C, kind.start);
    if (!kind.version_2) return bytes;
    put(0x24, kind.compatible);
    put(0x28, kind.incompatible);
    for (std::size_t i = 0; i < 16; ++i) bytes[0x30 + i] = static_cast<std::byte>(i * 11 + 3);
    put(0x40, 1);
    if (kind.incompatible & (feature::checksum_v2 | feature::checksum_v3)) {
        bytes[0x50] = std::byte{4};
        put(0xFC, crc32c(checksum_start, bytes));
    }
    return bytes;
}

LogMaker::LogMaker(Kind wanted)
    : kind(std::move(wanted)),
      device(std::uint64_t{kind.filesystem_blocks} * kind.block_size),
      map(*Map::open(device, kind.block_size, kind.filesystem_blocks, kind.extents)) {
    EXPECT_TRUE(device.write(map.device_block(0) * kind.block_size, superblock_bytes(kind)));
}

Superblock LogMaker::superblock() {
    return Superblock::read(map).value();
}

void LogMaker::make_live(std::uint32_t start) {
    auto live = superblock();
    live.set_log(start, kind.sequence);
    EXPECT_TRUE(live.write(map));
}

std::vector<std::byte> LogMaker::content(std::uint8_t value) const {
    return std::vector<std::byte>(kind.block_size, std::byte{value});
}

void LogMaker::put(std::span<const std::byte> block) {
    EXPECT_TRUE(device.write(map.device_block(position_) * kind.block_size, block));
    if (++position_ == superblock().end()) position_ = superblock().first();
}

void LogMaker::transaction(std::uint32_t number, const std::vector<Write>& writes,
                           const std::vector<std::uint64_t>& revokes, bool commit,
                           std::int64_t seconds) {
    std::vector<BlockWrite> blocks;
    for (const Write& write : writes) blocks.push_back({write.block, write.bytes.data()});
    const auto current = superblock();
    const TransactionImage image(current, number, blocks, revokes, Time{seconds, 5});
    for (const auto& block : image.blocks()) put(block);
    if (commit) put(image.commit());
}

void LogMaker::damage(std::uint32_t journal_block, std::size_t offset) {
    std::byte byte;
    const std::uint64_t at = map.device_block(journal_block) * kind.block_size + offset;
    EXPECT_TRUE(device.read(at, std::span(&byte, 1)));
    byte ^= std::byte{0x10};
    EXPECT_TRUE(device.write(at, std::span(&byte, 1)));
}

std::vector<std::byte> LogMaker::read_through(const Overlay& overlay, std::uint64_t block) {
    std::vector<std::byte> bytes(kind.block_size);
    if (overlay.read(map, block, bytes).value()) return bytes;
    return read_in_place(block);
}

std::vector<std::byte> LogMaker::read_in_place(std::uint64_t block) {
    std::vector<std::byte> bytes(kind.block_size);
    EXPECT_TRUE(device.read(block * kind.block_size, bytes));
    return bytes;
}

}  // namespace quire::ext::journal
