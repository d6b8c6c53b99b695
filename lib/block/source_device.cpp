// SPDX-License-Identifier: MIT

#include "quire/block/source_device.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>

namespace quire::block {

SourceDevice::SourceDevice(std::shared_ptr<ByteSource> source, std::uint64_t size, Options options)
    : source_(std::move(source)),
      options_(options),
      writable_(source_->writable() && !options.read_only),
      size_(size) {}

Result<std::unique_ptr<SourceDevice>> SourceDevice::open(std::shared_ptr<ByteSource> source,
                                                         Options options) {
    QUIRE_TRY_ASSIGN(const std::uint64_t size, source->size());
    return std::unique_ptr<SourceDevice>(new SourceDevice(std::move(source), size, options));
}

Geometry SourceDevice::geometry() const {
    return {size_, options_.preferred_alignment, writable_};
}

Result<void> SourceDevice::check_writable() const {
    if (writable_) return {};
    return fail(std::errc::read_only_file_system,
                source_->describe() + " is open for reading only");
}

Result<void> SourceDevice::read(std::uint64_t offset, std::span<std::byte> memory) {
    QUIRE_TRY(check_range(offset, memory.size(), size_));
    while (!memory.empty()) {
        QUIRE_TRY_ASSIGN(const std::size_t moved, source_->read(offset, memory));
        if (moved == 0 || moved > memory.size()) {
            return fail(std::errc::io_error,
                        fmt::format("{} ends before byte {}", source_->describe(), offset + 1));
        }
        offset += moved;
        memory = memory.subspan(moved);
    }
    return {};
}

Result<void> SourceDevice::write(std::uint64_t offset, std::span<const std::byte> memory) {
    QUIRE_TRY(check_writable());
    const std::shared_lock lock(gate_);
    QUIRE_TRY(check_range(offset, memory.size(), size_));
    return write_whole(offset, memory);
}

Result<void> SourceDevice::write_whole(std::uint64_t offset, std::span<const std::byte> memory) {
    while (!memory.empty()) {
        QUIRE_TRY_ASSIGN(const std::size_t moved, source_->write(offset, memory));
        if (moved == 0 || moved > memory.size()) {
            return fail(std::errc::io_error,
                        fmt::format("{} takes no bytes at byte {}", source_->describe(), offset));
        }
        offset += moved;
        memory = memory.subspan(moved);
    }
    return {};
}

Result<void> SourceDevice::discard(Range range) {
    QUIRE_TRY(check_writable());
    const std::shared_lock lock(gate_);
    QUIRE_TRY(check_range(range.offset, range.length, size_));
    if (range.length == 0) return {};
    auto punched = source_->punch(range);
    if (!punched && punched.error() == std::errc::operation_not_supported) return {};
    return punched;
}

Result<void> SourceDevice::zero(Range range) {
    QUIRE_TRY(check_writable());
    {
        const std::shared_lock lock(gate_);
        QUIRE_TRY(check_range(range.offset, range.length, size_));
        if (range.length == 0) return {};
        auto punched = source_->punch(range);
        if (punched || punched.error() != std::errc::operation_not_supported) return punched;
    }
    return Device::zero(range);
}

Result<Range> SourceDevice::next_data(std::uint64_t offset) {
    const std::uint64_t size = size_;
    QUIRE_TRY(check_range(offset, 0, size));
    if (offset == size) return Range{size, 0};
    QUIRE_TRY_ASSIGN(const Range found, source_->next_data(offset));
    if (found.length == 0 || found.offset >= size) return Range{size, 0};
    const std::uint64_t begin = std::max(found.offset, offset);
    return Range{begin, std::min(found.length - (begin - found.offset), size - begin)};
}

Result<void> SourceDevice::resize(std::uint64_t size) {
    QUIRE_TRY(check_writable());
    const std::unique_lock lock(gate_);
    QUIRE_TRY(source_->resize(size));
    size_ = size;
    return {};
}

}  // namespace quire::block
