// SPDX-License-Identifier: MIT

// All that can happen to files on loan in lib/memory while the server writes back, takes away and lends
// again: every order of the steps of both sides, on a machine that may put off the stores of each and
// let them overtake one another as far as sequential consistency and release let it. With any of the
// steps of lib/memory/write_steps.hpp left out a wrong outcome is found.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "model/delayed_stores.hpp"

namespace quire::tests {
namespace {

/// What is left out; nothing, as it should be.
struct LeftOut {
    bool order_of_beginning = false;   ///< in_use is only released, and may be seen late
    bool has_after_beginning = false;  ///< the loan is looked at before
    bool words_before_mark = false;
    bool marking_always = false;  ///< only where no mark is seen
    bool asking_for_loss = false;
    bool taking_back_first = false;  ///< the server waits before
    bool losing = false;             ///< it gives up waiting, and says nothing
    bool marks_before_copy = false;
    bool taking_away_first = false;  ///< it looks who stores, and takes the entry away then
    bool keeping = false;            ///< a run is used again although it may be stored into
    bool numbers = false;            ///< all loans have the same one
    bool keeping_cells = false;      ///< the same of a cell, which is lent anew
    bool refusing = false;           ///< a run is taken from a file on loan while somebody stores
    bool asking_before_end =
        false;  ///< who has stored asks for a loss when it has said that it is done
};

/// Cells (a head and one pair) and runs are lent to whichever of two files needs one, and taken away,
/// whatever the writer does meanwhile.
class LendingModel {
    using Byte = std::uint8_t;

    static constexpr Byte files = 2;
    static constexpr Byte cells = 2;
    static constexpr Byte runs = 2;
    static constexpr Byte words = 2;  // of a run; two are enough to be torn
    static constexpr Byte nobody = 255;

    static constexpr Byte byte(int value) { return static_cast<Byte>(value); }

    /// Shared memory: in_use, then loan, entry and marks of each cell, then the words of the runs.
    static constexpr Byte in_use = 0;
    static constexpr Byte loan_of(Byte cell) { return byte(1 + cell * 3); }
    static constexpr Byte entry_of(Byte cell) { return byte(2 + cell * 3); }
    static constexpr Byte marks_of(Byte cell) { return byte(3 + cell * 3); }
    static constexpr Byte word_of(Byte run, Byte word) {
        return byte(1 + cells * 3 + run * words + word);
    }
    static constexpr std::size_t places = 1 + cells * 3 + runs * words;

    static constexpr Byte no_loan = 0;
    static constexpr Byte loan_lost = 255;
    static constexpr Byte no_entry = 0;
    static constexpr Byte entry_value(Byte run) { return byte(1 + run); }

    /// A word says of which write it is, and for which file. Write 0 is what was there before.
    static constexpr Byte stamp(Byte write, Byte file) { return byte(write * files + file); }
    static constexpr Byte write_in(Byte word) { return word / files; }
    static constexpr Byte file_in(Byte word) { return word % files; }
    using Words = std::array<Byte, words>;

    enum class WriterStep : Byte { rest, begin, has, look, test, mark, ask };
    enum class ServerStep : Byte {
        choose,
        look,
        wait,
        look_again,
        marks,
        copy,
        give_back,
        show_run,
        show_loan
    };
    enum class Task : Byte { write_back, revoke, evict };

    /// What is over is zero again, so that states are the same that differ in nothing else.
    struct State {
        std::array<Byte, places> memory{};
        DelayedStores by_writer;
        DelayedStores by_server;

        struct Loan {
            Byte cell = 0;
            Byte number = no_loan;
            bool operator==(const Loan&) const = default;
        };
        std::array<Loan, files> known{};  // to the writer, the latest
        WriterStep writer = WriterStep::rest;
        Byte writes = 0;  // begun
        Byte writes_to = 0;
        Byte from = 0;  // this word, up to the last one
        Loan loan{};
        Byte run = 0;
        std::array<Words, files> told_done{};  // the latest
        Byte told_lost = 0;                    // a bit for each write

        ServerStep server = ServerStep::choose;
        Task task{};
        Byte turn = 0;
        Byte file = 0;
        Byte since = 0;
        Byte copied = 0;
        Words told_before{};
        Byte loans = 0;
        std::array<Byte, files> cell{nobody, nobody};
        std::array<Byte, files> run_with{nobody, nobody};
        std::array<Byte, runs> kept{};  // since when
        std::array<Byte, cells> kept_cells{};
        std::array<Words, files> content{};

        bool operator==(const State&) const = default;
    };
    static_assert(std::has_unique_object_representations_v<State>);
    struct Hash {
        std::size_t operator()(const State& state) const {
            return std::hash<std::string_view>()(
                {reinterpret_cast<const char*>(&state), sizeof(State)});
        }
    };

public:
    /// After so many turns the server takes everything back when the writer has written so often.
    struct Extent {
        std::uint8_t writes;
        std::uint8_t turns;
    };
    LendingModel(const LeftOut& left_out, Extent extent) : left_out_(left_out), extent_(extent) {}

    /// A wrong outcome in words; nothing when there is none in any state.
    std::optional<std::string> explore() {
        add(first());
        for (std::size_t next = 0; next < order_.size() && !wrong_; ++next) {
            const State& state = *order_[next];
            stores_become_visible(state);
            writer_steps(state);
            server_steps(state);
        }
        return wrong_;
    }
    std::size_t states() const { return order_.size(); }

private:
    /// One file is on loan. Which one, and where, makes no difference.
    static State first() {
        State state;
        for (Byte file = 0; file < files; ++file) state.content[file].fill(stamp(0, file));
        state.memory[loan_of(0)] = state.known[0].number = ++state.loans;
        state.memory[entry_of(0)] = entry_value(0);
        state.cell[0] = state.run_with[0] = 0;
        return state;
    }
    void add(State next) {
        // The writer does not store there any more, nor will it ever be as then.
        for (Byte& since : next.kept)
            if (since != next.memory[in_use]) since = 0;
        for (Byte& since : next.kept_cells)
            if (since != next.memory[in_use]) since = 0;
        const auto [place, is_new] = seen_.insert(next);
        if (is_new) order_.push_back(&*place);
    }
    void say(const char* what) {
        if (!wrong_) wrong_ = what;
    }

    // --- the machine. What is sequentially consistent waits until all that its thread has stored is
    // seen, and is seen at once.

    void stores_become_visible(const State& state) {
        for (const auto stores : {&State::by_writer, &State::by_server})
            for (Byte which = 0; (state.*stores).is_first(which); ++which) {
                State next = state;
                const auto store = (next.*stores).take(which);
                next.memory[store.place] = store.value;
                add(next);
            }
    }

    // --- the writer

    void writer_steps(const State& state) {
        const auto load = [&](Byte place) { return state.memory[place]; };
        const bool all_seen = state.by_writer.count() == 0;
        State next = state;
        switch (state.writer) {
            case WriterStep::rest:
                for (Byte file = 0; file < files; ++file)
                    for (Byte from = 0; from < words; ++from) choose_write(state, file, from);
                return;
            case WriterStep::begin:
                if (left_out_.order_of_beginning) {
                    if (state.by_writer.count() > 1) return;  // no machine puts off everything
                    next.by_writer.put_last(in_use, byte(state.writes * 2 - 1));
                } else {
                    if (!all_seen) return;
                    next.memory[in_use] = byte(state.writes * 2 - 1);
                }
                next.writer = left_out_.has_after_beginning ? WriterStep::look : WriterStep::has;
                break;
            case WriterStep::has:
                if (load(loan_of(state.loan.cell)) == state.loan.number)
                    next.writer = WriterStep::look;
                else
                    rest(next);
                break;
            case WriterStep::look: {
                const Byte entry = load(entry_of(state.loan.cell));
                if (entry == no_entry) {
                    rest(next);
                    break;
                }
                next.run = byte(entry - entry_value(0));
                if (!left_out_.words_before_mark) store_words(next);
                next.writer = left_out_.marking_always ? WriterStep::test : WriterStep::mark;
                break;
            }
            case WriterStep::test:
                next.writer = WriterStep::mark;
                if (load(marks_of(state.loan.cell)) != 0) end(next);
                break;
            case WriterStep::mark:
                if (!all_seen) return;
                next.memory[marks_of(state.loan.cell)] = 1;
                if (left_out_.words_before_mark) store_words(next);
                end(next);
                break;
            case WriterStep::ask:
                judge_write(next, load(loan_of(state.loan.cell)));
                break;
        }
        add(next);
    }
    void choose_write(const State& state, Byte file, Byte from) {
        State next = state;
        next.loan = state.known[file];
        if (state.writes == extent_.writes || next.loan.number == no_loan) return;
        if (left_out_.has_after_beginning &&
            state.memory[loan_of(next.loan.cell)] != next.loan.number)
            return;
        ++next.writes;
        next.writes_to = file;
        next.from = from;
        next.writer = WriterStep::begin;
        add(next);
    }
    static void store_words(State& state) {
        for (Byte word = state.from; word < words; ++word)
            state.by_writer.put(word_of(state.run, word), stamp(state.writes, state.writes_to));
    }
    void end(State& state) const {
        if (left_out_.asking_before_end) state.by_writer.put_last(in_use, byte(state.writes * 2));
        state.writer = WriterStep::ask;
    }
    void judge_write(State& state, Byte loan) const {
        const bool lost = loan != state.loan.number && loan != no_loan;
        if (lost && !left_out_.asking_for_loss)
            state.told_lost = byte(state.told_lost | 1 << state.writes);
        else
            for (Byte word = state.from; word < words; ++word)
                state.told_done[state.writes_to][word] = state.writes;
        rest(state);
    }
    void rest(State& state) const {
        if (state.writer != WriterStep::ask || !left_out_.asking_before_end)
            state.by_writer.put_last(in_use, byte(state.writes * 2));
        state.loan = {};
        state.writes_to = state.from = state.run = 0;
        state.writer = WriterStep::rest;
    }

    // --- the server

    void server_steps(const State& state) {
        State next = state;
        const Byte cell = state.cell[state.file];
        switch (state.server) {
            case ServerStep::choose:
                if (state.turn < extent_.turns)
                    for (Byte file = 0; file < files; ++file) choose_task(state, file);
                else if (state.writes == extent_.writes && state.writer == WriterStep::rest)
                    end_everything(state);
                return;
            case ServerStep::look:
                next.since = state.memory[in_use];
                next.server = next.since % 2 == 0 ? ServerStep::look_again : ServerStep::wait;
                break;
            case ServerStep::wait:
                next.server = ServerStep::look_again;
                if (state.memory[in_use] != state.since) add(next);
                // Its patience may end at any time.
                if (!left_out_.losing) next.memory[loan_of(cell)] = loan_lost;
                break;
            case ServerStep::look_again:
                if (state.task == Task::revoke) take_back(next);
                // Who stores may have looked at the entry before.
                if (state.task == Task::evict && state.memory[in_use] % 2 == 1 &&
                    !left_out_.refusing) {
                    next.memory[entry_of(cell)] = entry_value(state.run_with[state.file]);
                    end_task(next);
                    break;
                }
                next.since = left_out_.keeping ? Byte{0} : state.memory[in_use];
                next.server = state.run_with[state.file] == nobody ? ServerStep::give_back
                                                                   : ServerStep::marks;
                break;
            case ServerStep::marks:
                if (state.task == Task::evict) next.memory[entry_of(cell)] = no_entry;
                next.server =
                    state.memory[marks_of(cell)] != 0 ? ServerStep::copy : ServerStep::give_back;
                if (!left_out_.marks_before_copy) next.memory[marks_of(cell)] = 0;
                break;
            case ServerStep::copy: {
                const Byte word = state.memory[word_of(state.run_with[state.file], state.copied)];
                if (file_in(word) != state.file)
                    say("one file has what was written into the other");
                next.content[state.file][state.copied] = word;
                if (++next.copied == words) next.server = ServerStep::give_back;
                break;
            }
            case ServerStep::give_back:
                if (left_out_.marks_before_copy) next.memory[marks_of(cell)] = 0;
                judge_task(state);
                if (state.task != Task::write_back) give_back(next);
                end_task(next);
                break;
            case ServerStep::show_loan:
                if (state.by_server.count() != 0) return;
                next.memory[loan_of(cell)] = left_out_.numbers ? Byte{1} : ++next.loans;
                next.known[state.file] = {cell, next.memory[loan_of(cell)]};
                end_task(next);
                break;
            case ServerStep::show_run:
                // The answer is a message, before which all is seen.
                if (state.by_server.count() != 0) return;
                end_task(next);
                break;
        }
        add(next);
    }

    void choose_task(const State& state, Byte file) {
        State next = state;
        next.file = file;
        ++next.turn;
        Byte& cell = next.cell[file];
        if (cell == nobody) {
            for (cell = 0; cell < cells; ++cell) {
                if (state.cell[1U - file] == cell) continue;
                if (state.kept_cells[cell] != 0) continue;
                lend(next, ServerStep::show_loan);
            }
            return;
        }
        if (state.run_with[file] == nobody) lend(next, ServerStep::show_run);
        next.told_before = state.told_done[file];
        revoke(next);
        if (state.run_with[file] == nobody) return;
        next.task = Task::write_back;
        next.server = ServerStep::marks;
        add(next);
        next.task = Task::evict;
        if (!left_out_.taking_away_first) next.memory[entry_of(cell)] = no_entry;
        next.server = ServerStep::look_again;
        add(next);
    }
    static void take_back(State& state) {
        Byte& loan = state.memory[loan_of(state.cell[state.file])];
        if (loan != loan_lost) loan = no_loan;
    }
    void revoke(State next) {
        next.task = Task::revoke;
        if (!left_out_.taking_back_first) take_back(next);
        next.server = ServerStep::look;
        add(next);
    }
    void lend(const State& state, ServerStep then) {
        for (Byte run = 0; run < runs; ++run) {
            if (state.kept[run] != 0 || std::ranges::count(state.run_with, run) != 0) continue;
            State next = state;
            next.run_with[state.file] = run;
            for (Byte word = 0; word < words; ++word)
                next.by_server.put(word_of(run, word), state.content[state.file][word]);
            next.by_server.put(marks_of(state.cell[state.file]), 0);
            next.by_server.put_last(entry_of(state.cell[state.file]), entry_value(run));
            next.server = then;
            add(next);
        }
    }
    void give_back(State& state) const {
        Byte& cell = state.cell[state.file];
        Byte& run = state.run_with[state.file];
        state.memory[entry_of(cell)] = no_entry;
        if (run != nobody && state.since % 2 == 1) state.kept[run] = state.since;
        run = nobody;
        if (state.task != Task::revoke) return;
        if (state.since % 2 == 1 && !left_out_.keeping_cells) state.kept_cells[cell] = state.since;
        cell = nobody;
    }
    static void end_task(State& state) {
        state.task = {};
        state.told_before = {};
        state.file = state.since = state.copied = 0;
        state.server = ServerStep::choose;
    }

    void judge_task(const State& state) {
        for (Byte word = 0; word < words; ++word)
            if (write_in(state.content[state.file][word]) < state.told_before[word])
                say("a file lacks what was done before");
    }
    void end_everything(const State& state) {
        for (Byte file = 0; file < files; ++file) {
            if (state.cell[file] != nobody) {
                State next = state;
                next.file = file;
                next.told_before = state.told_done[file];
                return revoke(next);
            }
            for (Byte word = 0; word < words; ++word) {
                const Byte write = write_in(state.content[file][word]);
                const Byte done = state.told_done[file][word];
                const bool lost = (state.told_lost >> write & 1) != 0;
                if (write != done && !(lost && write > done))
                    say("a file is not what was written last");
            }
        }
    }

    const LeftOut left_out_;
    const Extent extent_;
    std::unordered_set<State, Hash> seen_;
    std::vector<const State*> order_;
    std::optional<std::string> wrong_;
};

TEST(LendingModel, has_no_wrong_outcome_in_any_state_of_three_writes) {
    LendingModel model({}, {.writes = 3, .turns = 3});
    EXPECT_EQ(model.explore(), std::nullopt);
    EXPECT_GT(model.states(), 1'000'000u);
}

TEST(LendingModel, has_no_wrong_outcome_in_any_state_of_four_turns) {
    LendingModel model({}, {.writes = 2, .turns = 4});
    EXPECT_EQ(model.explore(), std::nullopt);
    EXPECT_GT(model.states(), 1'000'000u);
}

TEST(LendingModel, has_one_without_any_of_the_steps) {
    const auto goes_wrong = [](const LeftOut& left_out) {
        return LendingModel(left_out, {.writes = 2, .turns = 3}).explore().has_value();
    };
    EXPECT_FALSE(goes_wrong({}));
    EXPECT_TRUE(goes_wrong({.order_of_beginning = true}));
    EXPECT_TRUE(goes_wrong({.has_after_beginning = true}));
    EXPECT_TRUE(goes_wrong({.words_before_mark = true}));
    EXPECT_TRUE(goes_wrong({.marking_always = true}));
    EXPECT_TRUE(goes_wrong({.asking_for_loss = true}));
    EXPECT_TRUE(goes_wrong({.taking_back_first = true}));
    EXPECT_TRUE(goes_wrong({.losing = true}));
    EXPECT_TRUE(goes_wrong({.marks_before_copy = true}));
    EXPECT_TRUE(goes_wrong({.taking_away_first = true}));
    EXPECT_TRUE(goes_wrong({.keeping = true}));
    EXPECT_TRUE(goes_wrong({.numbers = true}));
    EXPECT_TRUE(goes_wrong({.keeping_cells = true}));
    EXPECT_TRUE(goes_wrong({.refusing = true}));
    EXPECT_TRUE(goes_wrong({.asking_before_end = true}));
}

}  // namespace
}  // namespace quire::tests
