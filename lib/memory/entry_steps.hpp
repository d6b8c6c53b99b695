// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>

#include "quire/memory/layout.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// What the server does to an entry and what a reader does, in this order:
//
//     server: take_away(entry), fill the run with other content, show(entry, value)
//     reader: value = look(entry), copy from the run, is_still(entry, value)
//
// A reader whose copy has a byte that was stored after take_away() does not find the value that it
// looked at: with the fence of take_away() and its own in is_still() it sees at least what the server
// had stored into the entry before that byte. It cannot find that value again, since each has a
// generation of its own. tests/model explores all orders in which these steps can be seen.
namespace quire::paging {

inline void take_away(Entry& entry) {
    entry.exchange(no_entry);
    std::atomic_thread_fence(std::memory_order_release);
}

/// Needs: the entry has been taken away. Its run before could be filled by then, and that be seen
/// before this is.
inline void show(Entry& entry, std::uint64_t value) {
#if defined(__x86_64__)
    // Content may have been stored past the caches, as memcpy does with much of it; no release waits
    // for that.
    _mm_sfence();
#endif
    entry.store(value, std::memory_order_release);
}

inline std::uint64_t look(const Entry& entry) {
    return entry.load(std::memory_order_acquire);
}

/// Needs: a fence (acquire) after the copy, one for all entries.
inline bool is_still(const Entry& entry, std::uint64_t value) {
    return entry.load(std::memory_order_relaxed) == value;
}

}  // namespace quire::paging
