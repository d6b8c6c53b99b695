// SPDX-License-Identifier: MIT

#include "buffers/read_ahead.hpp"

#include <algorithm>
#include <cstring>

#include "buffers/transfer_buffer.hpp"
#include "quire/base/units.hpp"
#include "quire/protocols/types.hpp"

namespace quire::client {

namespace {

constexpr std::size_t scattered_amount = 4 * KiB;
constexpr std::size_t first_amount = 16 * KiB;

}  // namespace

ReadAhead::ReadAhead() : amount_(first_amount) {}

std::size_t ReadAhead::copy(std::uint64_t position, std::span<std::byte> memory) const {
    if (position < start_ || position - start_ >= content_.size()) return 0;
    const auto from = std::span(content_).subspan(position - start_);
    const std::size_t count = std::min(from.size(), memory.size());
    std::memcpy(memory.data(), from.data(), count);
    return count;
}

std::size_t ReadAhead::amount(std::uint64_t position, std::size_t least) {
    if (position != expected_) {
        amount_ = scattered_amount;
    } else if (amount_ < first_amount) {
        amount_ = first_amount;
    } else if (amount_ < protocols::content_limit) {
        amount_ = protocols::content_limit;
    } else {
        amount_ = TransferBuffer::part_size;
    }
    return std::max(amount_, least);
}

void ReadAhead::put(std::uint64_t start, std::vector<std::byte>&& content) {
    start_ = start;
    content_ = std::move(content);
    expected_ = start_ + content_.size();
}

void ReadAhead::passed(std::uint64_t position) {
    expected_ = position;
}

bool ReadAhead::take_end(std::uint64_t position) {
    if (end_ != position) return false;
    end_.reset();
    return true;
}

void ReadAhead::clear() {
    content_.clear();
    end_.reset();
}

std::size_t WriteBehind::limit() {
    return protocols::content_limit;
}

}  // namespace quire::client
