// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quire/block/device.hpp"

namespace quire::ext {

/// Gathers what lies one behind the other on the device, so that a thousand small files become
/// one write.
class ContentOutput {
public:
    explicit ContentOutput(block::Device& device) : device_(device) { buffer_.reserve(capacity); }

    /// Writes sooner or later, at the latest in flush().
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory);
    Result<void> flush();

private:
    static constexpr std::size_t capacity = std::size_t{1} << 20;

    block::Device& device_;
    std::uint64_t start_ = 0;
    std::vector<std::byte> buffer_;
};

}  // namespace quire::ext
