// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quire/block/memory_device.hpp"
#include "quire/volumes/ext/journal/map.hpp"
#include "quire/volumes/ext/journal/overlay.hpp"
#include "quire/volumes/ext/journal/superblock.hpp"

namespace quire::ext::journal {

/// What kind of journal a test wants.
struct Kind {
    std::string name = "plain";
    std::uint32_t block_size = 1024;
    std::uint32_t filesystem_blocks = 512;
    /// Where the journal lies. The log is cut to `length` where that is not 0.
    std::vector<Extent> extents = {{100, 24}, {60, 8}, {200, 32}};
    std::uint32_t length = 0;
    bool version_2 = true;
    std::uint32_t compatible = 0;
    std::uint32_t incompatible = feature::revoke;
    std::uint32_t start = 0;
    std::uint32_t sequence = 7;
};

/// All kinds that one log format can be: checksums × width of block numbers.
std::vector<Kind> every_kind();

/// The 1024 bytes of a superblock of this kind.
std::vector<std::byte> superblock_bytes(const Kind& kind);

/// A device with a journal of a kind, and ways to put blocks into its log as jbd2 would.
class LogMaker {
public:
    explicit LogMaker(Kind kind);

    const Kind kind;
    block::MemoryDevice device;
    const Map map;

    Superblock superblock();
    /// Makes the superblock say that the log starts at its first block with kind.sequence.
    void make_live(std::uint32_t start = 1);
    std::vector<std::byte> content(std::uint8_t value) const;

    struct Write {
        std::uint64_t block;
        std::vector<std::byte> bytes;
    };
    /// Writes a whole transaction at the log's current end, each part only when asked for.
    void transaction(std::uint32_t number, const std::vector<Write>& writes,
                     const std::vector<std::uint64_t>& revokes = {}, bool commit = true,
                     std::int64_t seconds = 1000);
    /// Changes bytes of a journal block.
    void damage(std::uint32_t journal_block, std::size_t offset);
    std::uint32_t position() const { return position_; }
    void move_to(std::uint32_t position) { position_ = position; }

    /// Reads block through the overlay, or from its place.
    std::vector<std::byte> read_through(const Overlay& overlay, std::uint64_t block);
    std::vector<std::byte> read_in_place(std::uint64_t block);

private:
    void put(std::span<const std::byte> block);

    std::uint32_t position_ = 1;
};

}  // namespace quire::ext::journal
