// SPDX-License-Identifier: MIT

#include "ext_image.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "checksum.hpp"
#include "command.hpp"

namespace quire::ext::journal {

namespace {

constexpr std::uint64_t superblock_offset = 1024;
constexpr std::size_t incompatible_offset = 0x60;
constexpr std::uint32_t incompatible_recover = 0x4;
constexpr std::uint32_t incompatible_64bit = 0x80;
constexpr std::uint32_t read_only_metadata_checksums = 0x400;

/// The journal's blocks in debugfs' words: "(0-11):24-35, (IND):36, (12):37".
std::vector<Extent> parse_extents(const std::string& text) {
    std::vector<Extent> extents;
    for (auto at = text.find('('); at != std::string::npos; at = text.find('(', at + 1)) {
        unsigned long long first = 0, last = 0, block = 0;
        const char* piece = text.c_str() + at;
        if (std::sscanf(piece, "(%llu-%llu):%llu", &first, &last, &block) != 3 &&
            std::sscanf(piece, "(%llu-%llu[u]):%llu", &first, &last, &block) != 3) {
            if (std::sscanf(piece, "(%llu):%llu", &first, &block) != 2) continue;
            last = first;
        }
        extents.push_back({block, static_cast<std::uint32_t>(last - first + 1)});
    }
    return extents;
}

}  // namespace

std::uint32_t ExtImage::field(std::size_t offset) const {
    std::uint32_t value;  // little-endian, as every machine that runs these tests
    std::memcpy(&value, superblock_.data() + offset, sizeof value);
    return value;
}

Result<ExtImage> ExtImage::open(const std::filesystem::path& path) {
    ExtImage image;
    QUIRE_TRY_ASSIGN(image.device_, block::FileDevice::open(path, {.writable = true}));
    image.superblock_.resize(1024);
    QUIRE_TRY(image.device_->read(superblock_offset, image.superblock_));
    const std::uint32_t inode = image.field(0xE0);
    const bool journal_device = image.field(incompatible_offset) & 0x8;
    if (journal_device || image.field(0xE4) != 0 || (inode == 0 && image.field(0x5C) & 0x4))
        return fail(std::errc::not_supported, "the journal is external");
    if (inode == 0) return fail(std::errc::no_such_file_or_directory, "no journal");
    image.block_size_ = 1024u << (image.field(0x18) & 0xF);
    image.blocks_ = image.field(0x04);
    if (image.wide()) image.blocks_ |= std::uint64_t{image.field(0x150)} << 32;
    // -c: not a look at the bitmaps, which may be anything before the replay.
    const auto stat = run("debugfs -c -R 'stat <" + std::to_string(inode) + ">' " + quoted(path));
    auto extents = parse_extents(stat.output);
    if (extents.empty()) return fail(std::errc::bad_message, stat.output);
    QUIRE_TRY_ASSIGN(
        auto map, Map::open(*image.device_, image.block_size_, image.blocks_, std::move(extents)));
    image.map_ = std::make_unique<Map>(std::move(map));
    return image;
}

bool ExtImage::wide() const {
    return field(incompatible_offset) & incompatible_64bit;
}
bool ExtImage::metadata_checksums() const {
    return field(0x64) & read_only_metadata_checksums;
}
bool ExtImage::needs_recovery() const {
    return field(incompatible_offset) & incompatible_recover;
}

void ExtImage::set_needs_recovery(bool value) {
    EXPECT_TRUE(device_->read(superblock_offset, superblock_));
    std::uint32_t features = field(incompatible_offset) & ~incompatible_recover;
    if (value) features |= incompatible_recover;
    std::memcpy(superblock_.data() + incompatible_offset, &features, sizeof features);
    if (metadata_checksums()) {
        const std::uint32_t sum =
            crc32c(checksum_start, std::span(superblock_).first(1024 - sizeof(std::uint32_t)));
        std::memcpy(superblock_.data() + 1020, &sum, sizeof sum);
    }
    EXPECT_TRUE(device_->write(superblock_offset, superblock_));
}

Result<Overlay> ExtImage::scan() {
    QUIRE_TRY_ASSIGN(const auto superblock, Superblock::read(*map_));
    return Overlay::scan(*map_, superblock);
}

Result<void> ExtImage::recover() {
    QUIRE_TRY_ASSIGN(auto superblock, Superblock::read(*map_));
    QUIRE_TRY_ASSIGN(const auto overlay, Overlay::scan(*map_, superblock));
    QUIRE_TRY(journal::recover(*map_, superblock, overlay));
    set_needs_recovery(false);
    return device_->flush();
}

std::vector<std::uint64_t> differing_blocks(ExtImage& image, block::Device& other) {
    constexpr std::size_t piece = 1 << 20;
    const std::uint64_t size = image.blocks() * image.block_size();
    const std::uint64_t superblock = superblock_offset / image.block_size();
    std::vector<std::uint64_t> blocks;
    std::vector<std::byte> left(piece), right(piece);
    for (std::uint64_t at = 0; at < size;) {
        const auto next_left = image.device().next_data(at).value();
        const auto next_right = other.next_data(at).value();
        std::uint64_t next = size;
        if (next_left.length) next = std::min(next, next_left.offset);
        if (next_right.length) next = std::min(next, next_right.offset);
        at = next / piece * piece;
        if (at >= size) break;
        const std::size_t length = std::min<std::uint64_t>(piece, size - at);
        EXPECT_TRUE(image.device().read(at, std::span(left).first(length)));
        EXPECT_TRUE(other.read(at, std::span(right).first(length)));
        for (std::size_t i = 0; i < length; i += image.block_size()) {
            const std::uint64_t block = (at + i) / image.block_size();
            if (block == superblock || image.map().owns(block)) continue;
            if (std::memcmp(left.data() + i, right.data() + i, image.block_size()) != 0)
                blocks.push_back(block);
        }
        at += length;
    }
    return blocks;
}

}  // namespace quire::ext::journal
