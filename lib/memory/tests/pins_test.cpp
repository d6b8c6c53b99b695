// SPDX-License-Identifier: MIT

// Content that is looked at where it lies: it stays what it was, whatever becomes of its file.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "quire/memory/pins.hpp"
#include "tests/kit.hpp"

namespace quire::paging {
namespace {

using Outcome = PageReader::Outcome;

class TestPins final : public Pins {
public:
    void add_to(std::vector<std::uint32_t>& runs) const override {
        for (const auto& word : words)
            if (const std::uint64_t value = word.load(); value != 0)
                runs.push_back(static_cast<std::uint32_t>(value - 1));
    }
    std::array<std::atomic<std::uint64_t>, most_pins> words{};
};

std::string text_of(const PageReader::Stretch& stretch) {
    return {reinterpret_cast<const char*>(stretch.data), stretch.count};
}

class Pinned : public ::testing::Test {
protected:
    Pinned() : pool(*PagePool::create({.budget = 2 * MiB})), domain(pool->make_domain()) {
        EXPECT_EQ(domain->add_pins(pins), 2u) << "a sixteenth of all runs";
    }
    /// Reads until all runs have been used for something else, if they may.
    void press() const {
        TestFile file(bytes_of(8 * MiB, 99));
        TestClient client(domain, *domain->make_file());
        for (std::uint64_t place = 0; place < 8 * MiB; place += run_size)
            (void)client.bring_in(file, place, 1);
    }

    std::shared_ptr<PagePool> pool;
    std::shared_ptr<Domain> domain;
    std::shared_ptr<TestPins> pins = std::make_shared<TestPins>();
};

TEST_F(Pinned, content_stays_when_its_file_has_other) {
    TestFile file(bytes_of(3 * run_size, 1));
    const auto pages = *domain->make_file();
    TestClient client(domain, pages);
    ASSERT_EQ(client.read(file, 0, 3 * run_size).size(), 3 * run_size);
    const auto stretch = client.find(run_size + 5, 1000, 1);
    ASSERT_EQ(stretch.outcome, Outcome::done);
    pins->words[3] = run_of(stretch.entries[0]) + 1;
    ASSERT_TRUE(client.reader().is_still_there(stretch));
    file.change(*pages, 0, to_the_end, [](std::string& content) { content.assign(10, 'x'); });
    EXPECT_FALSE(client.reader().is_still_there(stretch));
    press();
    EXPECT_EQ(text_of(stretch), bytes_of(3 * run_size, 1).substr(run_size + 5, 1000));
    pool->scrub();
    EXPECT_EQ(text_of(stretch), bytes_of(3 * run_size, 1).substr(run_size + 5, 1000));
    pins->words[3] = 0;
    pool->scrub();
    EXPECT_EQ(text_of(stretch), std::string(1000, '\0')) << "wiped out with the rest";
    press();
    EXPECT_NE(text_of(stretch), std::string(1000, '\0')) << "used again";
}

TEST_F(Pinned, content_of_a_file_is_found_there_again) {
    TestFile file(bytes_of(run_size, 2));
    TestClient client(domain, *domain->make_file());
    ASSERT_EQ(client.read(file, 0, 10).size(), 10u);
    const auto stretch = client.find(0, run_size, 1);
    ASSERT_EQ(stretch.count, run_size);
    pins->words[0] = run_of(stretch.entries[0]) + 1;
    press();
    press();
    EXPECT_TRUE(client.reader().is_still_there(stretch));
    EXPECT_EQ(client.read(file, 0, run_size), bytes_of(run_size, 2));
    EXPECT_EQ(client.misses, 1);
}

TEST_F(Pinned, too_late_is_seen) {
    TestFile file(bytes_of(run_size, 3));
    const auto pages = *domain->make_file();
    TestClient client(domain, pages);
    ASSERT_EQ(client.read(file, 0, 10).size(), 10u);
    const auto stretch = client.find(0, run_size, 1);
    file.change(*pages, 0, 1, [](std::string& content) { content[0] = 'y'; });
    pins->words[0] = run_of(stretch.entries[0]) + 1;
    EXPECT_FALSE(client.reader().is_still_there(stretch));
    // Another one that begins there now is no better.
    pins->words[0] = 0;
    press();
    ASSERT_EQ(client.read(file, 0, 10).size(), 10u);
    EXPECT_FALSE(client.reader().is_still_there(stretch));
}

TEST_F(Pinned, everything_leaves_nothing_for_others) {
    TestFile file(bytes_of(4 * MiB, 4));
    TestClient client(domain, *domain->make_file());
    for (std::uint64_t place = 0; place < 4 * MiB; place += run_size)
        ASSERT_TRUE(client.bring_in(file, place, 1));
    const auto all = pool->counters().runs;
    ASSERT_LE(all, most_pins);
    // More than the server looks at, which is not the business of this class.
    for (std::uint32_t i = 0; i < most_pins; ++i) {
        // A domain's first segment has cells; its runs are those of another.
        const auto stretch = client.find(4 * MiB - (i + 1) * run_size, 1, 1);
        if (stretch.outcome != Outcome::done) break;
        pins->words[i] = run_of(stretch.entries[0]) + 1;
    }
    const auto refused = client.bring_in(file, 0, 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), std::errc::not_enough_memory);
    pins->words[0] = 0;
    EXPECT_TRUE(client.bring_in(file, 0, 1));
    pins.reset();
    press();
}

TEST_F(Pinned, stretches_are_as_long_as_they_lie_in_a_row) {
    const std::string content = bytes_of(4 * run_size + 9, 5);
    TestFile file(content);
    TestClient client(domain, *domain->make_file());
    ASSERT_TRUE(client.bring_in(file, 2 * run_size, 1));
    auto stretch = client.find(2 * run_size + 1, MiB, 8);
    EXPECT_EQ(stretch.count, run_size - 1);
    EXPECT_TRUE(stretch.rest_is_missing);
    stretch = client.find(0, MiB, 8);
    EXPECT_EQ(stretch.outcome, Outcome::missing);
    ASSERT_TRUE(client.bring_in(file, 0, content.size()));
    ASSERT_TRUE(client.bring_in(file, 4 * run_size, 1));
    stretch = client.find(content.size() - 4, MiB, 8);
    EXPECT_TRUE(text_of(stretch) == content.substr(content.size() - 4));
    EXPECT_FALSE(stretch.rest_is_missing);
    stretch = client.find(content.size(), MiB, 8);
    EXPECT_EQ(stretch.outcome, Outcome::done);
    EXPECT_EQ(stretch.count, 0u);
    stretch = client.find(3 * run_size, MiB, 1);
    EXPECT_TRUE(text_of(stretch) == content.substr(3 * run_size, run_size));
}

// Who has found a stretch where it was sees the bytes of one turn, and no others afterwards.
TEST_F(Pinned, content_stays_under_stress) {
    constexpr std::size_t size = 8 * run_size;
    const auto filled = [](std::uint64_t turn) {
        std::string content(size, '\0');
        for (std::size_t i = 0; i < size; i += sizeof(turn))
            std::memcpy(content.data() + i, &turn, sizeof(turn));
        return content;
    };
    TestFile file(filled(1));
    const auto pages = *domain->make_file();
    std::atomic<bool> done = false;
    std::atomic<unsigned> pinned = 0;
    std::atomic<unsigned> late = 0;
    std::vector<std::jthread> threads;
    for (unsigned id = 0; id < 2; ++id)
        threads.emplace_back([&, id] {
            TestClient client(domain, pages);
            std::mt19937 random(id);
            while (!done) {
                const std::uint64_t place = random() % 8 * run_size;
                (void)client.read(file, place, 8);
                const auto stretch = client.find(place, run_size, 1);
                if (stretch.outcome != Outcome::done) continue;
                pins->words[id] = run_of(stretch.entries[0]) + 1;
                if (client.reader().is_still_there(stretch)) {
                    std::uint64_t first = 0;
                    std::memcpy(&first, stretch.data, sizeof(first));
                    for (int pass = 0; pass < 3; ++pass)
                        for (std::size_t i = 0; i < stretch.count; i += 8) {
                            std::uint64_t turn = 0;
                            std::memcpy(&turn, stretch.data + i, sizeof(turn));
                            ASSERT_EQ(turn, first) << i << " of pass " << pass;
                        }
                    ++pinned;
                } else {
                    ++late;
                }
                pins->words[id] = 0;
            }
        });
    for (std::uint64_t turn = 2; turn < 200 || pinned < 20; ++turn) {
        file.change(*pages, 0, to_the_end, [&](std::string& content) { content = filled(turn); });
        if (turn % 16 == 0) press();
    }
    done = true;
    threads.clear();
    EXPECT_GT(pinned, 0u);
}

}  // namespace
}  // namespace quire::paging
