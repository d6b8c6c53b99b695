// SPDX-License-Identifier: MIT

#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "quire/block/device.hpp"

namespace quire::testing {

/// Another device with changes on top that live in memory: the base is only read. A new overlay
/// costs nothing, so that thousands of variants of one image can be looked at, changed and dropped.
/// The size is that of the base.
/// Needs: the base does not change while the overlay is used.
class OverlayDevice final : public block::Device {
public:
    static constexpr std::uint64_t block_size = 4096;

    explicit OverlayDevice(std::shared_ptr<block::Device> base);

    block::Geometry geometry() const override { return {size_, 512, true}; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> flush() override { return {}; }
    Result<void> discard(block::Range range) override { return zero(range); }
    Result<void> zero(block::Range range) override;
    Result<block::Range> next_data(std::uint64_t offset) override;
    std::string describe() const override { return base_->describe() + " with changes"; }

    /// Forgets the changes.
    void clear();

private:
    using Block = std::unique_ptr<std::byte[]>;

    Result<Block*> block_for_writing(std::uint64_t index);

    std::shared_ptr<block::Device> base_;
    std::uint64_t size_;
    std::mutex mutex_;
    /// A null block reads as zeros.
    std::map<std::uint64_t, Block> blocks_;
};

}  // namespace quire::testing
