// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>

#include "quire/block/byte_source.hpp"
#include "quire/block/memory_device.hpp"

namespace quire::testing {

/// A file-like thing in memory that may be as stubborn as files of volumes are.
class MemorySource final : public block::ByteSource {
public:
    struct Options {
        bool writable = true;
        bool knows_holes = true;
        /// Reads and writes move at most this much at a time.
        std::size_t largest_transfer = std::numeric_limits<std::size_t>::max();
        /// Reads end here although size() promises more, as of a file that others cut short.
        std::uint64_t ends_at = std::numeric_limits<std::uint64_t>::max();
    };
    MemorySource(std::uint64_t size, Options options) : options_(options), bytes_(size) {}
    explicit MemorySource(std::uint64_t size) : MemorySource(size, Options{}) {}

    Result<std::uint64_t> size() override { return bytes_.geometry().size; }
    bool writable() const override { return options_.writable; }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> memory) override {
        const std::uint64_t end = std::min(bytes_.geometry().size, options_.ends_at);
        if (offset >= end) return 0;
        memory = memory.first(
            std::min({memory.size(), options_.largest_transfer, std::size_t{end - offset}}));
        QUIRE_TRY(bytes_.read(offset, memory));
        return memory.size();
    }

    Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> memory) override {
        memory = memory.first(std::min(memory.size(), options_.largest_transfer));
        if (offset + memory.size() > bytes_.geometry().size)
            QUIRE_TRY(bytes_.resize(offset + memory.size()));
        QUIRE_TRY(bytes_.write(offset, memory));
        return memory.size();
    }

    Result<void> flush() override {
        ++flushes_;
        return {};
    }

    Result<void> punch(block::Range range) override {
        if (!options_.knows_holes) return fail(std::errc::operation_not_supported);
        return bytes_.zero(range);
    }

    Result<block::Range> next_data(std::uint64_t offset) override {
        if (!options_.knows_holes) return bytes_.Device::next_data(offset);
        return bytes_.next_data(offset);
    }

    Result<void> resize(std::uint64_t size) override { return bytes_.resize(size); }
    std::string describe() const override { return "a file in memory"; }

    int flushes() const { return flushes_; }

private:
    Options options_;
    block::MemoryDevice bytes_;
    std::atomic<int> flushes_ = 0;
};

}  // namespace quire::testing
