// SPDX-License-Identifier: MIT

#pragma once

#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "system/now.hpp"

namespace quire::ipc {

/// How long a slot is watched: about what waking a sleeper costs.
inline constexpr std::chrono::microseconds watch_time{20};

/// How long somebody sleeps at a slot before the socket takes over: no longer than the end of a peer
/// may go unseen, and long beside what falling asleep costs.
inline constexpr std::chrono::microseconds sleep_time{2000};

/// The processor that this thread runs on, at the cost of reading memory.
inline std::uint32_t this_processor() {
    return static_cast<std::uint32_t>(::sched_getcpu());
}

/// Writes a hint that the peer reads, if it is another: what is not written stays in its cache.
inline void note(std::atomic<std::uint32_t>& hint, std::uint32_t value) {
    if (hint.load(std::memory_order_relaxed) != value) hint.store(value, std::memory_order_relaxed);
}

/// Tells the processor that this is a loop that waits.
inline void pause_processor() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
}

/// Watches until `seen` says true, or for `watch_time`. Says whether it did.
template <typename Seen>
bool watch(Seen seen) {
    // Asking the clock takes as long as a dozen looks.
    constexpr int looks_per_time = 16;
    const auto end = now() + watch_time;
    do {
        for (int look = 0; look < looks_per_time; ++look) {
            if (seen()) return true;
            pause_processor();
        }
    } while (now() < end);
    return seen();
}

/// Whether waiting in some way is worth its time: not when it has lately been in vain, but for a try
/// now and then. Threads: any; what is lost in a race is only a hint.
class WaitRecord {
public:
    bool worthwhile() {
        if (misses_.load(std::memory_order_relaxed) < tolerated_misses) return true;
        return skipped_.fetch_add(1, std::memory_order_relaxed) % tried_every == 0;
    }
    void seen() { misses_.store(0, std::memory_order_relaxed); }
    void missed() { misses_.fetch_add(1, std::memory_order_relaxed); }

private:
    static constexpr std::uint32_t tolerated_misses = 3;
    static constexpr std::uint32_t tried_every = 32;

    std::atomic<std::uint32_t> misses_ = 0;
    std::atomic<std::uint32_t> skipped_ = 0;
};

}  // namespace quire::ipc
