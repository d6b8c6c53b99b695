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

/// The processor that this thread runs on, at the cost of reading memory.
inline std::uint32_t this_processor() {
    return static_cast<std::uint32_t>(::sched_getcpu());
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

/// Whether watching is worth its time: not when it has lately been in vain, but for a try now and
/// then. Threads: any; what is lost in a race is only a hint.
class WatchRecord {
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
