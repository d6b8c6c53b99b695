// SPDX-License-Identifier: MIT

#include "quire/block/memory_device.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>

namespace quire::block {

namespace {

constexpr std::uint64_t chunk_size = MemoryDevice::chunk_size;

/// Calls visit(chunk index, offset inside the chunk, offset inside the range, length) for each
/// chunk that a range touches, as long as it answers without an error.
template <typename Visit>
Result<void> for_each_chunk(std::uint64_t offset, std::uint64_t length, Visit&& visit) {
    for (std::uint64_t done = 0; done < length;) {
        const std::uint64_t at = offset + done;
        const std::uint64_t step = std::min(length - done, chunk_size - at % chunk_size);
        QUIRE_TRY(visit(at / chunk_size, at % chunk_size, done, step));
        done += step;
    }
    return {};
}

}  // namespace

MemoryDevice::MemoryDevice(std::uint64_t size) : MemoryDevice(size, Options{}) {}

MemoryDevice::MemoryDevice(std::uint64_t size, Options options)
    : options_(std::move(options)), size_(size) {}

Geometry MemoryDevice::geometry() const {
    const std::shared_lock lock(mutex_);
    return {size_, 512, options_.writable};
}

std::uint64_t MemoryDevice::used() const {
    const std::shared_lock lock(mutex_);
    return chunks_.size() * chunk_size;
}

Result<void> MemoryDevice::read(std::uint64_t offset, std::span<std::byte> memory) {
    const std::shared_lock lock(mutex_);
    QUIRE_TRY(check_range(offset, memory.size(), size_));
    return for_each_chunk(offset, memory.size(),
                          [&](auto index, auto begin, auto done, auto step) -> Result<void> {
                              const auto found = chunks_.find(index);
                              if (found == chunks_.end())
                                  std::memset(memory.data() + done, 0, step);
                              else
                                  std::memcpy(memory.data() + done, &found->second[begin], step);
                              return {};
                          });
}

Result<std::byte*> MemoryDevice::chunk_for_writing(std::uint64_t index) {
    const auto place = chunks_.lower_bound(index);
    if (place != chunks_.end() && place->first == index) return place->second.get();
    if (chunks_.size() >= options_.limit / chunk_size)
        return fail(std::errc::no_space_on_device, options_.name + " has reached its limit");
    Chunk chunk(new (std::nothrow) std::byte[chunk_size]());
    if (!chunk) return fail(std::errc::no_space_on_device, "no memory is left");
    return chunks_.emplace_hint(place, index, std::move(chunk))->second.get();
}

Result<void> MemoryDevice::write(std::uint64_t offset, std::span<const std::byte> memory) {
    if (!options_.writable)
        return fail(std::errc::read_only_file_system, options_.name + " is read-only");
    const std::lock_guard lock(mutex_);
    QUIRE_TRY(check_range(offset, memory.size(), size_));
    return for_each_chunk(offset, memory.size(),
                          [&](auto index, auto begin, auto done, auto step) -> Result<void> {
                              QUIRE_TRY_ASSIGN(std::byte* const chunk, chunk_for_writing(index));
                              std::memcpy(chunk + begin, memory.data() + done, step);
                              return {};
                          });
}

Result<void> MemoryDevice::zero(Range range) {
    if (!options_.writable)
        return fail(std::errc::read_only_file_system, options_.name + " is read-only");
    const std::lock_guard lock(mutex_);
    QUIRE_TRY(check_range(range.offset, range.length, size_));
    zero_locked(range);
    return {};
}

void MemoryDevice::zero_locked(Range range) {
    const std::uint64_t end = range.offset + range.length;
    // Along the chunks that exist, not along the range: that may be tebibytes of nothing.
    auto place = chunks_.lower_bound(range.offset / chunk_size);
    while (place != chunks_.end() && place->first * chunk_size < end) {
        const std::uint64_t chunk_begin = place->first * chunk_size;
        const std::uint64_t from = std::max(chunk_begin, range.offset);
        const std::uint64_t to = std::min(chunk_begin + chunk_size, end);
        if (to - from == chunk_size) {
            place = chunks_.erase(place);
        } else {
            std::memset(&place->second[from - chunk_begin], 0, to - from);
            ++place;
        }
    }
}

Result<Range> MemoryDevice::next_data(std::uint64_t offset) {
    const std::shared_lock lock(mutex_);
    QUIRE_TRY(check_range(offset, 0, size_));
    auto place = chunks_.lower_bound(offset / chunk_size);
    if (place == chunks_.end() || place->first * chunk_size >= size_) return Range{size_, 0};
    const std::uint64_t begin = std::max(offset, place->first * chunk_size);
    std::uint64_t next = place->first;
    while (place != chunks_.end() && place->first == next) {
        ++place;
        ++next;
    }
    return Range{begin, std::min(size_, next * chunk_size) - begin};
}

Result<void> MemoryDevice::resize(std::uint64_t size) {
    if (!options_.writable)
        return fail(std::errc::read_only_file_system, options_.name + " is read-only");
    const std::lock_guard lock(mutex_);
    if (size < size_) {
        zero_locked({size, size_ - size});
        const std::uint64_t kept = size / chunk_size + (size % chunk_size != 0 ? 1 : 0);
        chunks_.erase(chunks_.lower_bound(kept), chunks_.end());
    }
    size_ = size;
    return {};
}

}  // namespace quire::block
