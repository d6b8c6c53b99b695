// SPDX-License-Identifier: MIT

#include "quire/testing/overlay_device.hpp"

#include <algorithm>
#include <cstring>

namespace quire::testing {

OverlayDevice::OverlayDevice(std::shared_ptr<block::Device> base)
    : base_(std::move(base)), size_(base_->geometry().size) {}

Result<void> OverlayDevice::read(std::uint64_t offset, std::span<std::byte> memory) {
    QUIRE_TRY(block::check_range(offset, memory.size(), size_));
    QUIRE_TRY(base_->read(offset, memory));
    if (memory.empty()) return {};
    const std::lock_guard lock(mutex_);
    const std::uint64_t end = offset + memory.size();
    for (auto place = blocks_.lower_bound(offset / block_size);
         place != blocks_.end() && place->first * block_size < end; ++place) {
        const std::uint64_t begin = place->first * block_size;
        const std::uint64_t from = std::max(begin, offset);
        const std::uint64_t to = std::min(begin + block_size, end);
        if (place->second)
            std::memcpy(&memory[from - offset], &place->second[from - begin], to - from);
        else
            std::memset(&memory[from - offset], 0, to - from);
    }
    return {};
}

Result<OverlayDevice::Block*> OverlayDevice::block_for_writing(std::uint64_t index) {
    const auto [place, is_new] = blocks_.try_emplace(index);
    if (place->second) return &place->second;
    auto bytes = std::make_unique<std::byte[]>(block_size);
    if (is_new) {
        const std::uint64_t begin = index * block_size;
        const auto length = static_cast<std::size_t>(std::min(block_size, size_ - begin));
        if (auto read = base_->read(begin, {bytes.get(), length}); !read) {
            blocks_.erase(place);
            return fail(std::move(read).error());
        }
    }
    place->second = std::move(bytes);
    return &place->second;
}

Result<void> OverlayDevice::write(std::uint64_t offset, std::span<const std::byte> memory) {
    QUIRE_TRY(block::check_range(offset, memory.size(), size_));
    const std::lock_guard lock(mutex_);
    while (!memory.empty()) {
        const std::uint64_t begin = offset % block_size;
        const auto step =
            static_cast<std::size_t>(std::min<std::uint64_t>(memory.size(), block_size - begin));
        if (step == block_size) {
            Block& block = blocks_[offset / block_size];
            if (!block) block = std::make_unique_for_overwrite<std::byte[]>(block_size);
            std::memcpy(block.get(), memory.data(), step);
        } else {
            QUIRE_TRY_ASSIGN(Block * block, block_for_writing(offset / block_size));
            std::memcpy(block->get() + begin, memory.data(), step);
        }
        offset += step;
        memory = memory.subspan(step);
    }
    return {};
}

Result<void> OverlayDevice::zero(block::Range range) {
    QUIRE_TRY(block::check_range(range.offset, range.length, size_));
    const std::lock_guard lock(mutex_);
    while (range.length > 0) {
        const std::uint64_t begin = range.offset % block_size;
        const std::uint64_t step = std::min(range.length, block_size - begin);
        if (step == block_size) {
            blocks_[range.offset / block_size].reset();
        } else {
            QUIRE_TRY_ASSIGN(Block * block, block_for_writing(range.offset / block_size));
            std::memset(block->get() + begin, 0, step);
        }
        range.offset += step;
        range.length -= step;
    }
    return {};
}

Result<block::Range> OverlayDevice::next_data(std::uint64_t offset) {
    QUIRE_TRY_ASSIGN(block::Range below, base_->next_data(offset));
    if (below.length == 0) below.offset = size_;
    const std::lock_guard lock(mutex_);
    auto place = blocks_.lower_bound(offset / block_size);
    while (place != blocks_.end() && !place->second) ++place;
    if (place == blocks_.end()) return below;
    const std::uint64_t begin = std::max(offset, place->first * block_size);
    if (begin >= below.offset) return below;
    const std::uint64_t end = std::min(size_, (place->first + 1) * block_size);
    return block::Range{begin, end - begin};
}

void OverlayDevice::clear() {
    const std::lock_guard lock(mutex_);
    blocks_.clear();
}

}  // namespace quire::testing
