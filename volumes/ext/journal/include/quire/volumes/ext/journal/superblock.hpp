// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "quire/base/result.hpp"
#include "quire/volumes/ext/journal/map.hpp"

namespace quire::ext::journal {

/// Features of a journal, as its superblock numbers them.
namespace feature {
inline constexpr std::uint32_t compatible_checksum = 0x1;
inline constexpr std::uint32_t revoke = 0x1;
inline constexpr std::uint32_t wide_blocks = 0x2;  // block numbers of 64 bits
inline constexpr std::uint32_t async_commit = 0x4;
inline constexpr std::uint32_t checksum_v2 = 0x8;
inline constexpr std::uint32_t checksum_v3 = 0x10;
inline constexpr std::uint32_t fast_commit = 0x20;
}  // namespace feature

/// How a journal checks what it holds.
enum class Checksums { none, v1, v2, v3 };

/// A journal's superblock (jbd2, versions 1 and 2), read and checked. It keeps the bytes it was
/// read from, so that fields it does not know survive being written back.
///
/// Threads: reading from any; writing needs the caller's exclusion.
class Superblock {
public:
    static constexpr std::size_t bytes_size = 1024;

    /// Reads and checks journal block 0.
    /// Fails: as parse(), and as Device.
    static Result<Superblock> read(const Map& map);

    /// Checks the first 1024 bytes of journal block 0 against the map.
    /// Fails: bad_message (no journal, impossible numbers, wrong checksum),
    /// operation_not_supported (unknown features, an external journal; the sentence names it).
    static Result<Superblock> parse(std::span<const std::byte> bytes, const Map& map);

    /// True when the log holds nothing to replay.
    bool clean() const { return start() == 0; }

    std::uint32_t block_size() const;
    /// The log's blocks are [first(), end()); block 0 is this superblock and fast commits follow.
    std::uint32_t first() const;
    std::uint32_t end() const;
    /// The first block to replay, or 0, and the transaction that it belongs to.
    std::uint32_t start() const;
    std::uint32_t sequence() const;
    /// The errno that the filesystem's last user left behind, or 0.
    std::int32_t error_number() const;
    std::span<const std::byte, 16> uuid() const;

    bool has_compatible(std::uint32_t bits) const;
    bool has_incompatible(std::uint32_t bits) const;
    Checksums checksums() const;
    /// The bytes of one tag in a descriptor block, without the UUID that may follow.
    std::size_t tag_size() const;
    /// The bytes of one block number in a revoke block.
    std::size_t revoke_size() const { return has_incompatible(feature::wide_blocks) ? 8 : 4; }
    /// The bytes kept free for a checksum at the end of descriptor and revoke blocks.
    std::size_t tail_size() const;
    /// What every checksum of versions 2 and 3 starts from.
    std::uint32_t checksum_seed() const;

    void set_log(std::uint32_t start, std::uint32_t sequence);
    /// Version 1 has no features; adding one makes it version 2.
    void add_incompatible(std::uint32_t bits);

    /// Writes journal block 0, checksum included. Durable: after a flush.
    /// Fails: as Device.
    Result<void> write(const Map& map);

private:
    Superblock() = default;
    std::uint32_t field(std::size_t offset) const;
    void set_field(std::size_t offset, std::uint32_t value);
    bool version_2() const;
    std::uint32_t fast_commit_blocks() const;
    std::uint32_t checksum() const;
    Result<void> check(const Map& map) const;
    Result<void> check_features() const;

    std::array<std::byte, bytes_size> bytes_{};
};

}  // namespace quire::ext::journal
