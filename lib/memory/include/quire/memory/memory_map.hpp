// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/memory/layout.hpp"

namespace quire::paging {

/// The segments of one domain as a client has mapped them, whole and for reading; or those of a
/// WriteMemory, for writing.
///
/// The server is trusted with what is in them, but not with this process: a place outside of what is
/// mapped is none, and what is mapped cannot be cut off.
/// Threads: any.
class MemoryMap {
public:
    enum class For : bool { reading, writing };

    explicit MemoryMap(For access = For::reading);
    ~MemoryMap();
    MemoryMap(const MemoryMap&) = delete;
    MemoryMap& operator=(const MemoryMap&) = delete;

    /// Maps the segment of a number; one that is mapped stays as it is.
    /// Fails: invalid_argument (a number or size that no segment has, or memory that could be cut
    /// off), as mmap(2).
    Result<void> add(std::uint32_t number, int fd, std::uint64_t size);
    bool has(std::uint32_t number) const {
        return number < most_segments && find(number).data != nullptr;
    }

    /// Nothing: it is not mapped, or not that long.
    std::span<const std::byte> at(Place place, std::size_t length) const;
    /// The same to write to; nothing where this is for reading.
    std::span<std::byte> room(Place place, std::size_t length) const;
    /// Of a run; nullptr: it is not mapped.
    const std::byte* run(std::uint32_t number) const {
        const std::uint32_t segment = number / runs_in_segment;
        const std::uint64_t offset = std::uint64_t{number % runs_in_segment} * run_size;
        const Mapped mapped = find(segment);
        return offset + run_size <= mapped.size ? mapped.data + offset : nullptr;
    }

    /// False when the server has died; true where that is not known (its word is not mapped).
    bool server_lives() const {
        const auto* const word = life_.load(std::memory_order_acquire);
        return word == nullptr || (word->load(std::memory_order_relaxed) & server_died) == 0;
    }

private:
    struct Mapped {
        std::byte* data = nullptr;
        std::uint64_t size = 0;  // whole runs, or whole tables
    };
    struct Slot {
        std::atomic<std::byte*> data = nullptr;
        std::atomic<std::uint64_t> size = 0;
    };

    Mapped find(std::uint32_t number) const {
        const Slot& slot = slots_[number];
        // The size is there when the address is.
        std::byte* const data = slot.data.load(std::memory_order_acquire);
        if (data == nullptr) return {};
        return {data, slot.size.load(std::memory_order_relaxed)};
    }

    const For access_;
    std::mutex mutex_;   // of who adds
    Slot* const slots_;  // pages that are touched when they are used
    std::vector<std::uint32_t> numbers_;
    std::atomic<const std::atomic<std::uint32_t>*> life_ = nullptr;
};

}  // namespace quire::paging
