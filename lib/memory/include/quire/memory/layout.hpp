// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "quire/base/units.hpp"

// What lies in memory that a server shares with its clients, who may only read it.
//
// The memory of a domain is numbered segments. One kind holds content, in runs of 64 KiB; the other
// holds cells of 64 bytes, in which a file says how long it is and where its content lies, one entry
// for each 64 KiB of it. The first entries are in the cell itself, the others in chunks of 512.
//
// An entry is one word, [run:24][generation:39][valid:1], and 0 where nothing is known. A run that
// is filled anew gets another generation, so that an entry never has the same value twice. Who reads
// loads the entry, copies, and loads it again: if it is the same, so was the content.
namespace quire::paging {

inline constexpr std::uint64_t run_size = 64 * KiB;
inline constexpr std::uint32_t runs_in_segment =
    512;  ///< at most; numbers go on as if all had as many
inline constexpr std::uint64_t largest_segment = run_size * runs_in_segment;
inline constexpr std::uint32_t most_segments = (1U << 24U) / runs_in_segment;

using Entry = std::atomic<std::uint64_t>;
static_assert(Entry::is_always_lock_free);

inline constexpr std::uint64_t no_entry = 0;
inline constexpr unsigned run_shift = 40;
inline constexpr std::uint64_t last_generation = (std::uint64_t{1} << 39U) - 1;

constexpr std::uint64_t make_entry(std::uint32_t run, std::uint64_t generation) {
    return std::uint64_t{run} << run_shift | (generation & last_generation) << 1U | 1U;
}
constexpr bool is_valid(std::uint64_t entry) {
    return (entry & 1U) != 0;
}
constexpr std::uint32_t run_of(std::uint64_t entry) {
    return static_cast<std::uint32_t>(entry >> run_shift);
}

inline constexpr std::size_t cell_size = 64;
inline constexpr std::size_t entries_in_cell = 6;
inline constexpr std::size_t entries_in_chunk = 512;
inline constexpr std::size_t chunk_size = entries_in_chunk * sizeof(Entry);

/// Ask the server.
inline constexpr std::uint64_t unknown_size = ~std::uint64_t{0};

struct FileCell {
    /// Of the file whose cell this is, and never another's. 0: nobody's.
    std::atomic<std::uint64_t> identity;
    std::atomic<std::uint64_t> size;
    std::array<Entry, entries_in_cell> entries;
};
static_assert(sizeof(FileCell) == cell_size);

/// Where something lies in the memory of a domain.
struct Place {
    std::uint32_t segment = 0;
    std::uint32_t offset = 0;  ///< in bytes
    bool operator==(const Place&) const = default;
};

/// A segment of this number, the same one for every domain, holds the word (std::uint32_t) that tells
/// whether the server lives: the number of a thread of it, with `server_died` once it does not.
inline constexpr std::uint32_t life_segment = 0;
inline constexpr std::uint64_t life_segment_size = 4 * KiB;
inline constexpr std::uint32_t server_died = 0x40000000;  // FUTEX_OWNER_DIED

}  // namespace quire::paging
