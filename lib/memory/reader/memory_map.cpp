// SPDX-License-Identifier: MIT

#include "quire/memory/memory_map.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <new>

#include "quire/memory/segment.hpp"

namespace quire::paging {

namespace {

// What the kernel gives is zero, and so is a slot of nothing.
void* take_zeros(std::size_t size) {
    void* const zeros = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) throw std::bad_alloc();
    return zeros;
}

}  // namespace

MemoryMap::MemoryMap(For access)
    : access_(access), slots_(static_cast<Slot*>(take_zeros(most_segments * sizeof(Slot)))) {}

MemoryMap::~MemoryMap() {
    for (const std::uint32_t number : numbers_) {
        const Slot& slot = slots_[number];
        ::munmap(slot.data.load(), slot.size.load());
    }
    ::munmap(slots_, most_segments * sizeof(Slot));
}

Result<void> MemoryMap::add(std::uint32_t number, int fd, std::uint64_t size) {
    if (number >= most_segments || size == 0 || size > largest_segment || size % (4 * KiB) != 0)
        return fail(std::errc::invalid_argument, "no segment is like that");
    const std::scoped_lock lock(mutex_);
    if (slots_[number].data.load() != nullptr) return {};
    const int seals = ::fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0)
        return fail(std::errc::invalid_argument, "a segment is sealed against shrinking");
    struct stat status{};
    if (::fstat(fd, &status) != 0) return fail_errno();
    if (status.st_size < 0 || static_cast<std::uint64_t>(status.st_size) < size)
        return fail(std::errc::invalid_argument, "a segment is as long as was said");
    const bool writable = access_ == For::writing && number != life_segment;
    const int protection = PROT_READ | (writable ? PROT_WRITE : 0);
    numbers_.reserve(numbers_.size() + 1);
    QUIRE_TRY_ASSIGN(std::byte* const data, map_aligned(fd, size, protection));
    numbers_.push_back(number);
    slots_[number].size.store(size, std::memory_order_relaxed);
    slots_[number].data.store(data, std::memory_order_release);
    if (number == life_segment)
        life_.store(reinterpret_cast<const std::atomic<std::uint32_t>*>(data),
                    std::memory_order_release);
    return {};
}

std::span<const std::byte> MemoryMap::at(Place place, std::size_t length) const {
    if (place.segment >= most_segments) return {};
    const Mapped mapped = find(place.segment);
    if (place.offset > mapped.size || length > mapped.size - place.offset) return {};
    return {mapped.data + place.offset, length};
}

std::span<std::byte> MemoryMap::room(Place place, std::size_t length) const {
    if (access_ != For::writing || place.segment == life_segment) return {};
    const auto bytes = at(place, length);
    return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

}  // namespace quire::paging
