// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "store/medium.hpp"

namespace quire::ext {

/// Every block is in its place and nothing orders writes: for reading, and for an image that is
/// being made and that nobody keeps when this stops half-way.
class PlainMedium final : public Medium {
public:
    PlainMedium(std::shared_ptr<block::Device> device, std::uint32_t block_size)
        : device_(std::move(device)), block_size_(block_size) {}

    Result<bool> find(std::uint64_t, std::span<std::byte>) override { return false; }
    std::size_t most_blocks() const override { return ~std::size_t{0}; }
    Result<void> commit(const Batch& batch) override;
    Result<void> close() override { return {}; }

private:
    std::shared_ptr<block::Device> device_;
    std::uint32_t block_size_;
};

/// Writes blocks to their places, in runs.
/// Fails: as Device.
Result<void> write_in_place(block::Device& device, std::uint32_t block_size,
                            std::span<const Batch::Block> blocks);

}  // namespace quire::ext
