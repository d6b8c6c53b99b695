// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>

#include "quire/block/byte_source.hpp"
#include "quire/block/device.hpp"

namespace quire::block {

/// A device whose bytes are those of something file-like: this is how an image inside an image is
/// opened, to any depth. The size is taken when it is opened; only resize() changes it.
class SourceDevice final : public Device {
public:
    struct Options {
        bool read_only = false;
        /// 512 … 64 KiB, a power of two: the block size of the volume that the file is on.
        std::uint32_t preferred_alignment = 4096;
    };

    /// Owns: a share of `source`.
    /// Fails: what the source reports for its size.
    [[nodiscard]] static Result<std::unique_ptr<SourceDevice>> open(
        std::shared_ptr<ByteSource> source, Options options);
    [[nodiscard]] static Result<std::unique_ptr<SourceDevice>> open(
        std::shared_ptr<ByteSource> source) {
        return open(std::move(source), Options{});
    }

    Geometry geometry() const override;
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> flush() override { return source_->flush(); }
    Result<void> discard(Range range) override;
    Result<void> zero(Range range) override;
    Result<Range> next_data(std::uint64_t offset) override;
    Result<void> resize(std::uint64_t size) override;
    std::string describe() const override { return source_->describe(); }

private:
    SourceDevice(std::shared_ptr<ByteSource> source, std::uint64_t size, Options options);
    Result<void> check_writable() const;
    Result<void> write_whole(std::uint64_t offset, std::span<const std::byte> memory);

    std::shared_ptr<ByteSource> source_;
    Options options_;
    bool writable_;
    /// Shared by writes, exclusive for a resize: a write that was checked against the old size
    /// must not grow a file that shrank.
    std::shared_mutex gate_;
    std::atomic<std::uint64_t> size_;
};

}  // namespace quire::block
