// SPDX-License-Identifier: MIT

// The steps of entry_steps.hpp, while runs are filled anew all the time, and the same with one of
// them left out: that must go wrong here, or this test would prove nothing.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "entry_steps.hpp"
#include "quire/memory/copy.hpp"

namespace quire::paging {
namespace {

constexpr std::size_t small_run = 4 * KiB;
constexpr std::size_t words = small_run / sizeof(std::uint64_t);
// Fewer runs: each that is filled has just been somebody's.
constexpr std::size_t entry_count = 3;
constexpr std::size_t run_count = 2;

struct Sound {
    static void before_filling(Entry& entry) { take_away(entry); }
    static void after_filling(Entry&) {}
    static void fill(std::uint64_t* run, std::uint64_t stamp) {
        for (std::size_t i = 0; i < words; ++i) run[i] = stamp;
    }
    static void set(Entry& entry, std::uint64_t value) { show(entry, value); }
    static std::uint64_t generation(std::uint64_t turn) { return turn; }
    static bool counts(const Entry& entry, std::uint64_t value) {
        std::atomic_thread_fence(std::memory_order_acquire);
        return is_still(entry, value);
    }
};

struct WithoutLookingAgain : Sound {
    static bool counts(const Entry&, std::uint64_t) { return true; }
};

struct TakingAwayTooLate : Sound {
    static void before_filling(Entry&) {}
    static void after_filling(Entry& entry) { take_away(entry); }
};

struct WithoutGenerations : Sound {
    static std::uint64_t generation(std::uint64_t) { return 1; }
};

/// Entries and runs that belong to them in turn.
template <typename Steps>
class Recycling {
public:
    /// Until something goes wrong, or so long; answers whether it did.
    bool goes_wrong_within(std::chrono::milliseconds time) {
        std::vector<std::jthread> readers;
        for (unsigned id = 0; id < 6; ++id) readers.emplace_back([this, id] { read(id); });
        const auto end = std::chrono::steady_clock::now() + time;
        std::uint64_t turn = 0;
        while (!wrong_ && std::chrono::steady_clock::now() < end)
            for (int i = 0; i < 100; ++i) recycle(++turn);
        done_ = true;
        readers.clear();
        EXPECT_GT(reads_, 0u);
        return wrong_;
    }

private:
    static constexpr std::size_t none = entry_count;

    // The run that has been there longest is filled for the next entry.
    void recycle(std::uint64_t turn) {
        const std::size_t entry = turn % entry_count;
        const std::size_t run = queue_.front();
        queue_.pop_front();
        queue_.push_back(run);
        const std::size_t loser = holder_[run];
        const bool other = shown_[entry] && loser != entry;
        if (loser != none) Steps::before_filling(entries_[loser]);
        if (other) Steps::before_filling(entries_[entry]);
        Steps::fill(runs_.get() + run * words, turn << 2U | entry);
        if (loser != none) Steps::after_filling(entries_[loser]);
        if (other) Steps::after_filling(entries_[entry]);
        if (loser != none) shown_[loser] = false;
        for (std::size_t& holder : holder_)
            if (holder == entry || holder == loser) holder = none;
        holder_[run] = entry;
        shown_[entry] = true;
        Steps::set(entries_[entry],
                   make_entry(static_cast<std::uint32_t>(run), Steps::generation(turn)));
    }

    void read(unsigned id) {
        std::array<std::uint64_t, words> copy;
        std::uint64_t reads = 0;
        for (std::size_t entry = id % entry_count; !done_; entry = (entry + 1) % entry_count) {
            const std::uint64_t value = look(entries_[entry]);
            if (!is_valid(value)) continue;
            copy_shared(copy.data(), runs_.get() + run_of(value) * words, small_run);
            if (!Steps::counts(entries_[entry], value)) continue;
            ++reads;
            for (const std::uint64_t word : copy)
                if (word != copy[0] || (word & 3U) != entry) wrong_ = true;
        }
        reads_ += reads;
    }

    std::array<Entry, entry_count> entries_{};
    std::unique_ptr<std::uint64_t[]> runs_ = std::make_unique<std::uint64_t[]>(run_count * words);
    std::array<std::size_t, run_count> holder_{none, none};
    std::array<bool, entry_count> shown_{};
    std::deque<std::size_t> queue_{0, 1};
    std::atomic<bool> wrong_ = false;
    std::atomic<bool> done_ = false;
    std::atomic<std::uint64_t> reads_ = 0;
};

using std::chrono::milliseconds;
// Of what must go wrong; it takes some milliseconds.
constexpr milliseconds long_enough{120'000};

TEST(Recycling, is_sound) {
    EXPECT_FALSE(Recycling<Sound>().goes_wrong_within(milliseconds(1500)));
}

#if !defined(__SANITIZE_THREAD__)
TEST(Recycling, without_looking_again_is_caught) {
    EXPECT_TRUE(Recycling<WithoutLookingAgain>().goes_wrong_within(long_enough));
}

TEST(Recycling, that_takes_away_too_late_is_caught) {
    EXPECT_TRUE(Recycling<TakingAwayTooLate>().goes_wrong_within(long_enough));
}

TEST(Recycling, without_generations_is_caught) {
    EXPECT_TRUE(Recycling<WithoutGenerations>().goes_wrong_within(long_enough));
}
#endif

}  // namespace
}  // namespace quire::paging
