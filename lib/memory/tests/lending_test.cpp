// SPDX-License-Identifier: MIT

// The steps of write_steps.hpp, while loans are taken back and runs lent anew all the time, and the
// same with one of them left out: that must go wrong here, or this test would prove nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "entry_steps.hpp"
#include "quire/memory/copy.hpp"
#include "write_steps.hpp"

namespace quire::paging {
namespace {

struct SoundLending {
    /// Asked before anything is stored.
    static bool needs_mark(const LoanPair&) { return true; }
    static bool is_lost(const LoanHead& head, std::uint64_t loan) { return was_lost(head, loan); }
    static bool may_be_stored_into(const WriteControl& control, std::uint64_t since) {
        return since % 2 == 1 && stores(control) == since;
    }
};

struct MarkingWhatHasNoMark : SoundLending {
    static bool needs_mark(const LoanPair& pair) { return pair.marks.load() == 0; }
};

struct WithoutAskingForLoss : SoundLending {
    static bool is_lost(const LoanHead&, std::uint64_t) { return false; }
};

struct UsingRunsAtOnce : SoundLending {
    static bool may_be_stored_into(const WriteControl&, std::uint64_t) { return false; }
};

/// Files, which a writer writes a part at a time where they are on loan, and runs that the server lends
/// to one after the other.
template <typename Steps>
class Lending {
public:
    Lending() {
        for (std::uint64_t file = 0; file < files; ++file) content_[file].fill(file);
    }

    /// Until something goes wrong, or so long; answers whether it did.
    bool goes_wrong_within(std::chrono::milliseconds time) {
        std::jthread writer([this] { write_all_the_time(); });
        const auto end = std::chrono::steady_clock::now() + time;
        while (!wrong_ && std::chrono::steady_clock::now() < end)
            for (int i = 0; i < 100; ++i) serve();
        done_ = true;
        writer.join();
        for (std::size_t file = 0; file < files; ++file) revoke(file);
        judge_the_end();
        EXPECT_GT(writes_, 0u);
        return wrong_;
    }

private:
    // Fewer runs: each that is lent has just been somebody's.
    static constexpr std::size_t files = 3;
    static constexpr std::size_t runs = 2;
    static constexpr std::size_t parts = 4;
    static constexpr std::size_t part_size = KiB;
    static constexpr std::size_t words = part_size / sizeof(std::uint64_t);
    static constexpr std::size_t no_run = runs;
    using Part = std::array<std::uint64_t, words>;
    using Stamps = std::array<std::uint64_t, parts>;

    static std::uint64_t file_of(std::uint64_t word) { return word % files; }
    std::uint64_t* run_at(std::size_t run) const { return runs_.get() + run * parts * words; }

    // --- the writer

    enum class Outcome : std::uint8_t { done, ended, lost };

    void write_all_the_time() {
        std::mt19937 random(1);
        std::array<std::uint64_t, files> ended{};
        for (std::uint64_t turn = 1; !done_; ++turn) {
            std::size_t file = random() % files;
            for (std::size_t i = 1; i < files && answered_[file] == ended[file]; ++i)
                file = (file + 1) % files;
            const std::uint64_t loan = answered_[file];
            if (loan == ended[file]) {
                std::this_thread::yield();
                continue;
            }
            const std::size_t part = random() % parts;
            Part text;
            text.fill(turn * files + file);
            const Outcome outcome =
                write(file, loan, part, text, random() % 8 == 0 ? random() % 16 : 0);
            if (outcome == Outcome::done) {
                told_[file][part] = text[0];
                ++writes_;
                continue;
            }
            if (outcome == Outcome::lost) lost_.insert(text[0]);
            ended[file] = loan;
            asked_[file] = true;
        }
    }
    Outcome write(std::size_t file, std::uint64_t loan, std::size_t part, const Part& text,
                  std::uint64_t pause) {
        begin_storing(control_, turn_);
        Outcome outcome = store(file, loan, part, text, pause);
        end_storing(control_, turn_);
        if (outcome == Outcome::done && Steps::is_lost(heads_[file], loan)) outcome = Outcome::lost;
        return outcome;
    }
    Outcome store(std::size_t file, std::uint64_t loan, std::size_t part, const Part& text,
                  std::uint64_t pause) {
        if (!has(heads_[file], loan)) return Outcome::ended;
        const std::uint64_t entry = look(pairs_[file]);
        if (!is_valid(entry)) return Outcome::ended;
        const bool needs_mark = Steps::needs_mark(pairs_[file]);
        std::uint64_t* const to = run_at(run_of(entry)) + part * words;
        copy_shared(to, text.data(), part_size / 2);
        if (pause > 0) wait_for_server(pause - 1);
        copy_shared(to + words / 2, text.data() + words / 2, part_size / 2);
        if (needs_mark) mark(pairs_[file], 1);
        return Outcome::done;
    }

    // How fast either of them is, on this machine and just now, makes no difference.
    void wait_for_server(std::uint64_t turns) {
        const std::uint64_t until = served_ + turns;
        do std::this_thread::yield();
        while (served_ < until && !done_);
    }

    // --- the server

    void serve() {
        const std::size_t file = random_() % files;
        if (run_with_[file] == no_run)
            lend(file);
        else if (random_() % 4 == 0)
            revoke(file);
        else
            write_back(file);
        ++served_;
        if (free_.size() == runs) std::this_thread::yield();
    }
    // Only when it is asked to: then nobody is writing there any more.
    void lend(std::size_t file) {
        if (!asked_[file]) return;
        const auto free = std::find_if(free_.rbegin(), free_.rend(), [&](const Free& one) {
            return !Steps::may_be_stored_into(control_, one.since);
        });
        if (free == free_.rend()) return;
        const std::size_t run = run_with_[file] = free->run;
        free_.erase(std::next(free).base());
        copy_shared(run_at(run), content_[file].data(), sizeof(content_[file]));
        pairs_[file].marks.store(0, std::memory_order_relaxed);
        show(pairs_[file].entry, make_entry(static_cast<std::uint32_t>(run), ++loans_));
        heads_[file].loan.store(loans_, std::memory_order_seq_cst);
        asked_[file] = false;
        answered_[file] = loans_;
        // Where there is one processor for both, the writer has its turn before that is over.
        std::this_thread::yield();
    }
    void revoke(std::size_t file) {
        if (run_with_[file] == no_run) return;
        const Stamps before = told(file);
        take_back(heads_[file]);
        wait_for_writer(file);
        const std::uint64_t since = stores(control_);
        copy_marked(file, before);
        take_away(pairs_[file].entry);
        free_.push_back({std::exchange(run_with_[file], no_run), since});
    }
    void wait_for_writer(std::size_t file) {
        const std::uint64_t since = stores(control_);
        if (since % 2 == 0) return;
        for (auto patience = random_() % 4; stores(control_) == since; --patience) {
            if (patience == 0) return lose(heads_[file]);
            std::this_thread::yield();
        }
    }
    void write_back(std::size_t file) { copy_marked(file, told(file)); }
    void copy_marked(std::size_t file, const Stamps& before) {
        if (take_marks(pairs_[file]) != 0)
            copy_shared(content_[file].data(), run_at(run_with_[file]), sizeof(content_[file]));
        for (std::size_t i = 0; i < parts * words; ++i)
            if (content_[file][i] < before[i / words] || file_of(content_[file][i]) != file)
                wrong_ = true;
    }
    Stamps told(std::size_t file) const {
        Stamps stamps;
        std::copy(told_[file].begin(), told_[file].end(), stamps.begin());
        return stamps;
    }

    void judge_the_end() {
        for (std::size_t file = 0; file < files; ++file)
            for (std::size_t i = 0; i < parts * words; ++i) {
                const std::uint64_t word = content_[file][i];
                const std::uint64_t last = told_[file][i / words];
                const bool was_there_before = word == file && last == 0;
                if (word != last && !was_there_before && !(word > last && lost_.contains(word)))
                    wrong_ = true;
            }
    }

    // Shared as memory is.
    WriteControl control_{};
    std::array<LoanHead, files> heads_{};
    std::array<LoanPair, files> pairs_{};
    std::unique_ptr<std::uint64_t[]> runs_ =
        std::make_unique<std::uint64_t[]>(runs * parts * words);
    // As by message.
    std::array<std::atomic<bool>, files> asked_{true, true, true};
    std::array<std::atomic<std::uint64_t>, files> answered_{};

    // The writer's.
    std::uint64_t turn_ = 0;
    std::array<std::array<std::atomic<std::uint64_t>, parts>, files> told_{};
    std::set<std::uint64_t> lost_;
    std::uint64_t writes_ = 0;

    // The server's.
    struct Free {
        std::size_t run;
        std::uint64_t since;
    };
    std::mt19937 random_{2};
    std::array<std::array<std::uint64_t, parts * words>, files> content_;
    std::array<std::size_t, files> run_with_{no_run, no_run, no_run};
    std::vector<Free> free_{{0, 0}, {1, 0}};
    std::uint64_t loans_ = 0;

    std::atomic<bool> wrong_ = false;
    std::atomic<bool> done_ = false;
    std::atomic<std::uint64_t> served_ = 0;
};

// Of what must go wrong; it takes some milliseconds.
constexpr std::chrono::seconds long_enough_to_lose{120};

TEST(Lending, is_sound) {
    EXPECT_FALSE(Lending<SoundLending>().goes_wrong_within(std::chrono::milliseconds(1500)));
}

#if !defined(__SANITIZE_THREAD__)
TEST(Lending, that_marks_only_what_has_no_mark_is_caught) {
    EXPECT_TRUE(Lending<MarkingWhatHasNoMark>().goes_wrong_within(long_enough_to_lose));
}

TEST(Lending, without_asking_for_loss_is_caught) {
    EXPECT_TRUE(Lending<WithoutAskingForLoss>().goes_wrong_within(long_enough_to_lose));
}

TEST(Lending, that_uses_runs_at_once_is_caught) {
    EXPECT_TRUE(Lending<UsingRunsAtOnce>().goes_wrong_within(long_enough_to_lose));
}
#endif

}  // namespace
}  // namespace quire::paging
