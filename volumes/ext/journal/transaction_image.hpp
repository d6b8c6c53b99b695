// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "quire/volumes/ext/journal/superblock.hpp"
#include "quire/volumes/ext/journal/writer.hpp"

namespace quire::ext::journal {

/// How many blocks of a log a transaction takes, its commit block included.
std::size_t log_blocks_of(const Superblock& superblock, std::size_t writes, std::size_t revokes);

/// A transaction as the log will hold it: revoke blocks, then descriptor blocks with their data,
/// then the commit block, which is apart because it may only be written when all before it is
/// durable. Data is not copied unless it has to be escaped.
class TransactionImage {
public:
    using Block = std::span<const std::byte>;

    /// Needs: bytes that stay until the image is written.
    TransactionImage(const Superblock& superblock, std::uint32_t transaction,
                     std::span<const BlockWrite> writes, std::span<const std::uint64_t> revokes,
                     Time time);

    /// Everything before the commit block, in the log's order.
    const std::vector<Block>& blocks() const { return blocks_; }
    Block commit() const { return commit_; }

private:
    std::span<std::byte> new_block();
    void add_revokes(std::uint32_t transaction, std::span<const std::uint64_t> revokes);
    /// Adds one descriptor block and its data; returns version 1's sum with them.
    std::uint32_t add_writes(std::uint32_t transaction, std::span<const BlockWrite> writes,
                             std::uint32_t sum);

    const Superblock& superblock_;
    std::vector<std::unique_ptr<std::byte[]>> memory_;
    std::vector<Block> blocks_;
    Block commit_;
};

}  // namespace quire::ext::journal
