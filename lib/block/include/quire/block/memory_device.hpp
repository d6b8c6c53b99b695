// SPDX-License-Identifier: MIT

#pragma once

#include <limits>
#include <map>
#include <memory>
#include <shared_mutex>

#include "quire/block/device.hpp"

namespace quire::block {

/// A sparse device in memory: what was never written takes no room.
///
/// Fails: no_space_on_device (the limit is reached, or the program's memory is).
class MemoryDevice final : public Device {
public:
    static constexpr std::uint64_t chunk_size = 16 * 1024;

    struct Options {
        /// How many bytes of memory the contents may take, in whole chunks.
        std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
        bool writable = true;
        std::string name = "memory";
    };

    explicit MemoryDevice(std::uint64_t size);
    MemoryDevice(std::uint64_t size, Options options);

    Geometry geometry() const override;
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> flush() override { return {}; }
    Result<void> discard(Range range) override { return zero(range); }
    Result<void> zero(Range range) override;
    Result<Range> next_data(std::uint64_t offset) override;
    Result<void> resize(std::uint64_t size) override;
    std::string describe() const override { return options_.name; }

    /// How many bytes of memory the contents take.
    std::uint64_t used() const;

private:
    using Chunk = std::unique_ptr<std::byte[]>;

    Result<std::byte*> chunk_for_writing(std::uint64_t index);
    void zero_locked(Range range);

    const Options options_;
    /// Guards everything below: shared by readers, exclusive for changes.
    mutable std::shared_mutex mutex_;
    std::uint64_t size_;
    std::map<std::uint64_t, Chunk> chunks_;
};

}  // namespace quire::block
