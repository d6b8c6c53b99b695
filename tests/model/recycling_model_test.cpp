// SPDX-License-Identifier: MIT

// All that can happen to a reader of lib/memory while runs are recycled, explored to the last state:
// every order of the steps of both, on a machine that may put off the server's stores and let them
// overtake one another, and the reader's loads too, as far as fences and release/acquire let it. With
// any of the steps of lib/memory/entry_steps.hpp left out a wrong read is found.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace quire::tests {
namespace {

/// What is left out; nothing, as it should be.
struct Without {
    bool take_away_first = false;  ///< the entry is taken away when its run has been filled
    bool fence_of_taking = false;
    bool release_of_showing = false;
    bool generations = false;
    bool looking_again = false;
    bool fence_of_looking = false;
};

constexpr std::uint8_t entry_count = 2;
constexpr std::uint8_t run_count = 2;
constexpr std::uint8_t words = 2;  // of a run; two are enough to be torn
constexpr std::uint8_t turns = 4;  // of the server; then nothing new happens
constexpr std::uint8_t nobody = 255;

/// Shared memory: entries, then the words of the runs.
constexpr std::uint8_t place_of_word(std::uint8_t run, std::uint8_t word) {
    return static_cast<std::uint8_t>(entry_count + run * words + word);
}
constexpr std::size_t places = entry_count + run_count * words;

/// A store that the server has made and others may not see yet. It is seen after all of lower rank.
struct Store {
    std::uint8_t place = 0;
    std::uint8_t value = 0;
    std::uint8_t rank = 0;
    auto operator<=>(const Store&) const = default;
};

enum class ServerStep : std::uint8_t { choose, take, fill, take_late, show, done };
enum class ReaderStep : std::uint8_t { look, copy, judge, done };

struct State {
    std::array<std::uint8_t, places> memory{};
    std::vector<Store> stores;
    std::uint8_t rank = 0;

    ServerStep server = ServerStep::choose;
    std::uint8_t turn = 0;
    std::uint8_t entry = 0;
    std::uint8_t run = 0;
    std::uint8_t filled = 0;
    std::array<std::uint8_t, run_count> holder{nobody, nobody};

    ReaderStep reader = ReaderStep::look;
    std::uint8_t reads = 0;   // which entry
    std::uint8_t value = 0;   // that it looked at
    std::uint8_t loaded = 0;  // a bit for each word, and one for the second look
    std::array<std::uint8_t, words> copy{};
    std::uint8_t again = 0;

    auto operator<=>(const State&) const = default;
};

/// An entry is 0, or names a run and a generation; a word says for whom it was written and when.
constexpr std::uint8_t entry_value(std::uint8_t run, std::uint8_t generation) {
    return static_cast<std::uint8_t>(1 + run + generation * run_count);
}
constexpr std::uint8_t run_in(std::uint8_t value) {
    return static_cast<std::uint8_t>((value - 1) % run_count);
}
constexpr std::uint8_t stamp(std::uint8_t turn, std::uint8_t entry) {
    return static_cast<std::uint8_t>(1 + turn * entry_count + entry);
}

class Model {
public:
    explicit Model(const Without& without) : without_(without) {}

    /// A wrong read in words; nothing when there is none in any state.
    std::optional<std::string> explore() {
        for (std::uint8_t entry = 0; entry < entry_count; ++entry) {
            State first;
            first.reads = entry;
            add(first);
        }
        while (!open_.empty() && !wrong_) {
            const State state = open_.front();
            open_.pop_front();
            store_becomes_visible(state);
            server_steps(state);
            reader_steps(state);
        }
        return wrong_;
    }
    std::size_t states() const { return seen_.size(); }

private:
    void add(State next) {
        std::ranges::sort(next.stores, {}, &Store::rank);
        if (seen_.insert(next).second) open_.push_back(std::move(next));
    }

    // --- the machine

    void store_becomes_visible(const State& state) {
        for (std::size_t i = 0; i < state.stores.size(); ++i) {
            const Store store = state.stores[i];
            const bool first = std::ranges::none_of(
                state.stores, [&](const Store& other) { return other.rank < store.rank; });
            if (!first) continue;
            State next = state;
            next.stores.erase(next.stores.begin() + static_cast<std::ptrdiff_t>(i));
            next.memory[store.place] = store.value;
            add(std::move(next));
        }
    }
    static void put(State& state, std::uint8_t place, std::uint8_t value) {
        // Two to one place are seen in their order.
        for (const Store& other : state.stores)
            if (other.place == place && other.rank == state.rank) {
                ++state.rank;
                break;
            }
        state.stores.push_back({place, value, state.rank});
    }
    /// What is stored from here on is seen later than all before.
    static void order(State& state) { ++state.rank; }

    // --- the server

    void take_away(State& state, std::uint8_t entry) const {
        order(state);  // the exchange is a release
        put(state, entry, 0);
        if (!without_.fence_of_taking) order(state);
    }

    /// What the run was used for, and what the entry said: an entry that is shown is not set to
    /// something else, since the run that it named could be filled before that is seen.
    void take_both_away(State& state) const {
        for (std::uint8_t run = 0; run < run_count; ++run) {
            std::uint8_t& holder = state.holder[run];
            if (holder == nobody || (run != state.run && holder != state.entry)) continue;
            take_away(state, holder);
            holder = nobody;
        }
    }

    void server_steps(const State& state) {
        State next = state;
        switch (state.server) {
            case ServerStep::choose:
                if (state.turn == turns) {
                    next.server = ServerStep::done;
                    add(next);
                    return;
                }
                for (next.entry = 0; next.entry < entry_count; ++next.entry)
                    for (next.run = 0; next.run < run_count; ++next.run) {
                        next.server = ServerStep::take;
                        add(next);
                    }
                return;
            case ServerStep::take:
                if (!without_.take_away_first) take_both_away(next);
                next.filled = 0;
                next.server = ServerStep::fill;
                add(next);
                return;
            case ServerStep::fill:
                put(next, place_of_word(state.run, state.filled), stamp(state.turn, state.entry));
                if (++next.filled == words) next.server = ServerStep::take_late;
                add(next);
                return;
            case ServerStep::take_late:
                if (without_.take_away_first) take_both_away(next);
                next.server = ServerStep::show;
                add(next);
                return;
            case ServerStep::show:
                next.holder[state.run] = state.entry;
                if (!without_.release_of_showing) order(next);
                put(next, state.entry,
                    entry_value(state.run, without_.generations ? std::uint8_t{0} : state.turn));
                ++next.turn;
                next.server = ServerStep::choose;
                add(next);
                return;
            case ServerStep::done:
                return;
        }
    }

    // --- the reader

    void reader_steps(const State& state) {
        constexpr std::uint8_t all_words = (1U << words) - 1;
        constexpr std::uint8_t second_look = 1U << words;
        State next = state;
        switch (state.reader) {
            case ReaderStep::look:
                next.value = state.memory[state.reads];
                // What is not there it asks for; that is a read of its own.
                if (next.value == 0) return;
                next.reader = ReaderStep::copy;
                add(next);
                return;
            case ReaderStep::copy:
                // Loads between two fences come in any order.
                for (std::uint8_t word = 0; word < words; ++word) {
                    if ((state.loaded >> word & 1U) != 0) continue;
                    next = state;
                    next.copy[word] = state.memory[place_of_word(run_in(state.value), word)];
                    next.loaded = static_cast<std::uint8_t>(state.loaded | 1U << word);
                    add(next);
                }
                if ((state.loaded & second_look) == 0 &&
                    (without_.fence_of_looking || (state.loaded & all_words) == all_words)) {
                    next = state;
                    next.again = state.memory[state.reads];
                    next.loaded = static_cast<std::uint8_t>(state.loaded | second_look);
                    add(next);
                }
                if (state.loaded == (all_words | second_look)) {
                    next = state;
                    next.reader = ReaderStep::judge;
                    add(next);
                }
                return;
            case ReaderStep::judge:
                if (without_.looking_again || state.again == state.value) judge(state);
                next.reader = ReaderStep::done;
                add(next);
                return;
            case ReaderStep::done:
                return;
        }
    }
    void judge(const State& state) {
        for (const std::uint8_t word : state.copy) {
            if (word != state.copy[0]) wrong_ = "a read was torn";
            if ((word - 1) % entry_count != state.reads) wrong_ = "another file's content was read";
            if (word == 0) wrong_ = "what was never written was read";
        }
    }

    const Without without_;
    std::set<State> seen_;
    std::deque<State> open_;
    std::optional<std::string> wrong_;
};

TEST(RecyclingModel, has_no_wrong_read_in_any_state) {
    Model model({});
    EXPECT_EQ(model.explore(), std::nullopt);
    EXPECT_GT(model.states(), 100'000u);
}

TEST(RecyclingModel, has_one_without_any_of_the_steps) {
    EXPECT_TRUE(Model({.take_away_first = true}).explore());
    EXPECT_TRUE(Model({.fence_of_taking = true}).explore());
    EXPECT_TRUE(Model({.release_of_showing = true}).explore());
    EXPECT_TRUE(Model({.generations = true}).explore());
    EXPECT_TRUE(Model({.looking_again = true}).explore());
    EXPECT_TRUE(Model({.fence_of_looking = true}).explore());
}

}  // namespace
}  // namespace quire::tests
