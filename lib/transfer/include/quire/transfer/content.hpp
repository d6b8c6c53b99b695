// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "quire/fs/tree.hpp"
#include "quire/transfer/listener.hpp"

namespace quire::transfer {

/// Pieces in which content is moved.
inline constexpr std::size_t piece_size = std::size_t{1} << 20;

/// Memory for one piece, kept from file to file.
using Buffer = std::vector<std::byte>;

/// How holes are made in a copy.
enum class Sparse : std::uint8_t {
    keep,    ///< where the source has holes
    always,  ///< wherever there are blocks of zeros
    never,   ///< nowhere: zeros are written
};

bool all_zero(std::span<const std::byte> bytes);

/// The ranges of a file that may hold anything but zeros, in order, up to `size`.
class DataRanges {
public:
    DataRanges(fs::OpenFile& file, fs::Call call, std::uint64_t size)
        : file_(file), call_(std::move(call)), size_(size) {}

    /// The next range, of length 0 at the end. A volume without holes gives one range.
    Result<block::Range> next();

private:
    fs::OpenFile& file_;
    fs::Call call_;
    std::uint64_t size_;
    std::uint64_t position_ = 0;
};

/// Copies the content of one open file to another, which is empty, and sets its size.
/// `buffer` is grown to piece_size. Fails: what reading or writing reports; operation_canceled.
/// Answers how many bytes the source had when its end was reached: fewer than `size` when it
/// shrank meanwhile.
Result<std::uint64_t> copy_content(const fs::Call& from_call, fs::OpenFile& from,
                                   const fs::Call& to_call, fs::OpenFile& to, std::uint64_t size,
                                   Sparse sparse, Buffer& buffer, Account& account);

/// Writes bytes at an offset, leaving out blocks of zeros: for a file that has none there yet.
Result<void> write_sparsely(const fs::Call& call, fs::OpenFile& to, std::uint64_t offset,
                            std::span<const std::byte> bytes);

}  // namespace quire::transfer
