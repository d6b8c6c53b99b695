// SPDX-License-Identifier: MIT

#include "transaction_image.hpp"

#include <algorithm>

#include "checksum.hpp"
#include "log_blocks.hpp"

namespace quire::ext::journal {

namespace {

std::size_t pieces(std::size_t whole, std::size_t piece) {
    return whole / piece + (whole % piece != 0);
}

}  // namespace

std::size_t log_blocks_of(const Superblock& superblock, std::size_t writes, std::size_t revokes) {
    return writes + pieces(writes, tags_per_block(superblock)) +
           pieces(revokes, revokes_per_block(superblock)) + 1;
}

TransactionImage::TransactionImage(const Superblock& superblock, std::uint32_t transaction,
                                   std::span<const BlockWrite> writes,
                                   std::span<const std::uint64_t> revokes, Time time)
    : superblock_(superblock) {
    blocks_.reserve(log_blocks_of(superblock, writes.size(), revokes.size()));
    add_revokes(transaction, revokes);
    std::uint32_t sum = checksum_start;
    for (const std::size_t most = tags_per_block(superblock); !writes.empty();) {
        const auto some = writes.first(std::min(most, writes.size()));
        sum = add_writes(transaction, some, sum);
        writes = writes.subspan(some.size());
    }
    const auto commit = new_block();
    write_commit(superblock, transaction, time, sum, commit);
    commit_ = commit;
}

std::span<std::byte> TransactionImage::new_block() {
    const std::size_t size = superblock_.block_size();
    memory_.push_back(std::make_unique_for_overwrite<std::byte[]>(size));
    return {memory_.back().get(), size};
}

void TransactionImage::add_revokes(std::uint32_t transaction,
                                   std::span<const std::uint64_t> revokes) {
    for (const std::size_t most = revokes_per_block(superblock_); !revokes.empty();) {
        const auto some = revokes.first(std::min(most, revokes.size()));
        const auto block = new_block();
        write_revokes(superblock_, transaction, some, block);
        blocks_.push_back(block);
        revokes = revokes.subspan(some.size());
    }
}

std::uint32_t TransactionImage::add_writes(std::uint32_t transaction,
                                           std::span<const BlockWrite> writes, std::uint32_t sum) {
    const std::size_t size = superblock_.block_size();
    const std::uint32_t seed = superblock_.checksum_seed();
    const auto descriptor = new_block();
    blocks_.push_back(descriptor);
    std::vector<Tag> tags;
    tags.reserve(writes.size());
    for (const BlockWrite& write : writes) {
        // A data block that begins like a block of the log's own would be taken for one.
        Block data(write.bytes, size);
        const bool escaped = read_header(data).has_value();
        if (escaped) {
            const auto copy = new_block();
            std::ranges::copy(data, copy.begin());
            format::store<std::uint32_t>(copy, format::magic_offset, 0);
            data = copy;
        }
        tags.push_back({write.block, escaped, data_checksum(superblock_, seed, transaction, data)});
        blocks_.push_back(data);
    }
    write_descriptor(superblock_, transaction, tags, descriptor);
    if (superblock_.checksums() != Checksums::v1) return sum;
    sum = crc32_forward(sum, descriptor);
    for (const Block& data : std::span(blocks_).last(writes.size())) sum = crc32_forward(sum, data);
    return sum;
}

}  // namespace quire::ext::journal
