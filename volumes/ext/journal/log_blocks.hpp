// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "format.hpp"
#include "quire/base/time.hpp"
#include "quire/volumes/ext/journal/superblock.hpp"

// The blocks of a log that are not data: taking them apart and putting them together.
namespace quire::ext::journal {

/// What begins each of them.
struct Header {
    format::BlockType type{};
    std::uint32_t transaction = 0;
};

/// A block's header, or nothing when it has none.
std::optional<Header> read_header(std::span<const std::byte> block);

/// A descriptor block's word on one data block behind it.
struct Tag {
    std::uint64_t block = 0;
    bool escaped = false;
    std::uint32_t checksum = 0;  // 16 bits in version 2, meaningless below
};

/// The tags of a descriptor block, never more than it has room for.
void read_tags(const Superblock& superblock, std::span<const std::byte> block,
               std::vector<Tag>& tags);

/// The block numbers of a revoke block; nothing when its count is impossible.
std::optional<std::vector<std::uint64_t>> read_revokes(const Superblock& superblock,
                                                       std::span<const std::byte> block);

/// Whether the checksum at the end of a descriptor or revoke block is right, or none is used.
bool tail_is_right(const Superblock& superblock, std::span<const std::byte> block);

/// The checksum that a tag bears for a data block as the log holds it, cut to what the version
/// keeps; 0 where tags have none.
std::uint32_t data_checksum(const Superblock& superblock, std::uint32_t seed,
                            std::uint32_t transaction, std::span<const std::byte> data);

/// Whether a commit block's own checksum is right, or none is used (versions 2 and 3).
bool commit_is_right(const Superblock& superblock, std::span<const std::byte> block);

/// Whether a commit block of version 1 agrees with the sum over its transaction.
bool commit_agrees(std::span<const std::byte> block, std::uint32_t sum);

std::uint64_t commit_seconds(std::span<const std::byte> block);

/// How many tags one descriptor block holds, how many numbers one revoke block.
std::size_t tags_per_block(const Superblock& superblock);
std::size_t revokes_per_block(const Superblock& superblock);

/// Each fills one whole block.
/// Needs: no more tags or revokes than one block holds, and at least one.
void write_descriptor(const Superblock& superblock, std::uint32_t transaction,
                      std::span<const Tag> tags, std::span<std::byte> block);
void write_revokes(const Superblock& superblock, std::uint32_t transaction,
                   std::span<const std::uint64_t> revokes, std::span<std::byte> block);
/// `sum` is what version 1 checks: over the transaction's descriptors and data.
void write_commit(const Superblock& superblock, std::uint32_t transaction, Time time,
                  std::uint32_t sum, std::span<std::byte> block);

}  // namespace quire::ext::journal
