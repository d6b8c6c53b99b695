// SPDX-License-Identifier: MIT

#include "quire/block/region_device.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace quire::block {

RegionDevice::RegionDevice(std::shared_ptr<Device> base, Range window, Options options)
    : base_(std::move(base)), window_(window), options_(std::move(options)) {}

Result<std::unique_ptr<RegionDevice>> RegionDevice::open(std::shared_ptr<Device> base, Range window,
                                                         Options options) {
    const std::uint64_t size = base->geometry().size;
    if (!check_range(window.offset, window.length, size)) {
        return fail(std::errc::result_out_of_range,
                    fmt::format("{} bytes at {} are more than {} has ({} bytes)", window.length,
                                window.offset, base->describe(), size));
    }
    if (options.name.empty()) {
        options.name = fmt::format("bytes {} to {} of {}", window.offset,
                                   window.offset + window.length, base->describe());
    }
    return std::unique_ptr<RegionDevice>(
        new RegionDevice(std::move(base), window, std::move(options)));
}

std::unique_ptr<RegionDevice> RegionDevice::read_only(std::shared_ptr<Device> base) {
    const Range all{0, base->geometry().size};
    Options options{true, base->describe()};
    return std::unique_ptr<RegionDevice>(
        new RegionDevice(std::move(base), all, std::move(options)));
}

Geometry RegionDevice::geometry() const {
    const Geometry below = base_->geometry();
    // The largest power of two that divides the window's place; aligned here is aligned below.
    const std::uint64_t place = window_.offset & (~window_.offset + 1);
    const std::uint64_t alignment = place == 0
                                        ? below.preferred_alignment
                                        : std::min<std::uint64_t>(below.preferred_alignment, place);
    return {window_.length, static_cast<std::uint32_t>(alignment),
            below.writable && !options_.read_only};
}

Result<void> RegionDevice::check_writable() const {
    if (!options_.read_only) return {};
    return fail(std::errc::read_only_file_system, options_.name + " is open for reading only");
}

template <typename Run>
Result<std::vector<Run>> RegionDevice::translate(std::span<const Run> runs) const {
    std::vector<Run> result(runs.begin(), runs.end());
    for (Run& run : result) {
        QUIRE_TRY(check_range(run.offset, run.memory.size(), window_.length));
        run.offset += window_.offset;
    }
    return result;
}

Result<void> RegionDevice::read(std::uint64_t offset, std::span<std::byte> memory) {
    QUIRE_TRY(check_range(offset, memory.size(), window_.length));
    return base_->read(window_.offset + offset, memory);
}

Result<void> RegionDevice::write(std::uint64_t offset, std::span<const std::byte> memory) {
    QUIRE_TRY(check_writable());
    QUIRE_TRY(check_range(offset, memory.size(), window_.length));
    return base_->write(window_.offset + offset, memory);
}

Result<void> RegionDevice::read_runs(std::span<const ReadRun> runs) {
    QUIRE_TRY_ASSIGN(const auto below, translate(runs));
    return base_->read_runs(below);
}

Result<void> RegionDevice::write_runs(std::span<const WriteRun> runs) {
    QUIRE_TRY(check_writable());
    QUIRE_TRY_ASSIGN(const auto below, translate(runs));
    return base_->write_runs(below);
}

Result<void> RegionDevice::discard(Range range) {
    QUIRE_TRY(check_writable());
    QUIRE_TRY(check_range(range.offset, range.length, window_.length));
    return base_->discard({window_.offset + range.offset, range.length});
}

Result<void> RegionDevice::zero(Range range) {
    QUIRE_TRY(check_writable());
    QUIRE_TRY(check_range(range.offset, range.length, window_.length));
    return base_->zero({window_.offset + range.offset, range.length});
}

Result<void> RegionDevice::resize(std::uint64_t) {
    QUIRE_TRY(check_writable());
    return fail(std::errc::operation_not_supported, options_.name + " has a fixed size");
}

Result<Range> RegionDevice::next_data(std::uint64_t offset) {
    QUIRE_TRY(check_range(offset, 0, window_.length));
    // The search below may run far past the window's end, but only along one hole.
    QUIRE_TRY_ASSIGN(const Range below, base_->next_data(window_.offset + offset));
    const std::uint64_t end = window_.offset + window_.length;
    if (below.length == 0 || below.offset >= end) return Range{window_.length, 0};
    return Range{below.offset - window_.offset, std::min(below.length, end - below.offset)};
}

}  // namespace quire::block
