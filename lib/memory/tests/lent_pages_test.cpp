// SPDX-License-Identifier: MIT

// Content on loan: what its client writes in memory is the file's, once, and nothing else of it is.

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "kit.hpp"
#include "lent_kit.hpp"
#include "write_steps.hpp"

namespace quire::paging {
namespace {

using Lent = LentGround;

TEST_F(Lent, content_is_written_without_asking_and_is_the_files_when_it_is_written_back) {
    const std::string before = bytes_of(3 * run_size + 1000, 1);
    LentFile file(before);
    Holder holder(*this, file);
    ASSERT_EQ(holder.write(10, "hello"), LentOutcome::done);
    ASSERT_EQ(holder.write(run_size - 2, "over the edge"), LentOutcome::done);
    const int misses = holder.misses;
    std::string now = before;
    now.replace(10, 5, "hello");
    now.replace(run_size - 2, 13, "over the edge");
    for (std::uint64_t i = 0; i < 500; ++i) {
        const std::string text = std::to_string(i);
        now.replace(i * 100, text.size(), text);
        ASSERT_EQ(holder.write(i * 100, text), LentOutcome::done);
    }
    EXPECT_EQ(holder.misses, misses);
    EXPECT_EQ(*holder.read(0, 2 * run_size), now.substr(0, 2 * run_size));
    EXPECT_EQ(file.content(), before);
    EXPECT_TRUE(holder.pages->write_back());
    EXPECT_EQ(file.content(), now);
    const int writes = file.writes;
    EXPECT_TRUE(holder.pages->write_back());
    EXPECT_EQ(file.writes, writes) << "nothing was new";
    ASSERT_EQ(holder.write(0, "again"), LentOutcome::done);
    now.replace(0, 5, "again");
    EXPECT_TRUE(holder.pages->revoke());
    EXPECT_EQ(file.content(), now);
    EXPECT_EQ(holder.writer.write(0, std::as_bytes(std::span("late"))).outcome, LentOutcome::ended);
    std::byte byte{};
    EXPECT_EQ(holder.writer.read(0, {&byte, 1}).outcome, LentOutcome::ended);
    EXPECT_EQ(holder.pages->bring_in(0, 1, 1).error(), std::errc::resource_unavailable_try_again);
    EXPECT_EQ(file.content(), now);
}

TEST_F(Lent, files_grow_as_far_as_space_is_reserved) {
    LentFile file("abc");
    file.space = 2 * run_size;
    Holder holder(*this, file);
    ASSERT_EQ(holder.write(3, "def"), LentOutcome::done);
    EXPECT_EQ(holder.writer.size(), 6u);
    EXPECT_EQ(*holder.read(0, 100), "abcdef");
    ASSERT_EQ(holder.write(1000, "far"), LentOutcome::done);
    EXPECT_EQ(*holder.read(0, 2000), "abcdef" + std::string(994, '\0') + "far");
    ASSERT_EQ(holder.write(2 * run_size - 1, "x"), LentOutcome::done);
    EXPECT_EQ(holder.write(2 * run_size - 1, "xy").error(), std::errc::no_space_on_device);
    EXPECT_EQ(holder.write(10 * MiB, "y").error(), std::errc::operation_not_supported);
    EXPECT_TRUE(holder.pages->revoke());
    std::string all = "abcdef";
    all.resize(2 * run_size);
    all.replace(1000, 3, "far");
    all.back() = 'x';
    EXPECT_EQ(file.content(), all);
}

TEST_F(Lent, content_that_cannot_be_written_back_is_tried_again) {
    LentFile file(std::string(run_size, '.'));
    Holder holder(*this, file);
    ASSERT_EQ(holder.write(0, "new"), LentOutcome::done);
    file.broken = true;
    EXPECT_EQ(holder.pages->write_back().error(), std::errc::io_error);
    EXPECT_EQ(holder.pages->write_back().error(), std::errc::io_error);
    file.broken = false;
    EXPECT_TRUE(holder.pages->write_back());
    EXPECT_EQ(file.content().substr(0, 4), "new.");
    ASSERT_EQ(holder.write(0, "more"), LentOutcome::done);
    file.broken = true;
    EXPECT_EQ(holder.pages->revoke().error(), std::errc::io_error);
}

// Many files, and more than there is memory for: all of it is what a map of strings says.
TEST_F(LentInLittleMemory, files_are_what_was_written) {
    constexpr std::size_t file_count = 5;
    constexpr std::uint64_t longest_file = 2 * MiB;
    std::mt19937 random(1);
    const auto any = [&](std::uint64_t below) { return random() % below; };
    std::vector<std::unique_ptr<LentFile>> files;
    std::vector<std::unique_ptr<Holder>> holders;
    std::vector<std::string> model;
    for (std::size_t i = 0; i < file_count; ++i) {
        model.push_back(bytes_of(any(MiB), static_cast<unsigned>(i)));
        files.push_back(std::make_unique<LentFile>(model[i]));
        holders.push_back(std::make_unique<Holder>(*this, *files[i]));
    }
    for (int step = 0; step < 6000; ++step) {
        const std::size_t i = any(file_count);
        std::string& content = model[i];
        const std::uint64_t position = any(std::min(content.size() + run_size, longest_file));
        switch (any(20)) {
            case 0:
                ASSERT_TRUE(holders[i]->pages->write_back());
                ASSERT_EQ(files[i]->content(), content);
                break;
            case 1:
                ASSERT_TRUE(holders[i]->pages->revoke());
                ASSERT_EQ(files[i]->content(), content);
                holders[i] = std::make_unique<Holder>(*this, *files[i]);
                break;
            case 2:
            case 3:
            case 4:
            case 5: {
                const std::size_t length = any(3 * run_size);
                ASSERT_EQ(*holders[i]->read(position, length),
                          position < content.size() ? content.substr(position, length) : "");
                break;
            }
            default: {
                const std::string text =
                    bytes_of(1 + any(any(2) == 0 ? 100 : 2 * run_size), random());
                ASSERT_EQ(*holders[i]->write(position, text), LentOutcome::done);
                if (content.size() < position + text.size()) content.resize(position + text.size());
                content.replace(position, text.size(), text);
            }
        }
    }
    EXPECT_LE(pool->counters().segment_bytes, PagePool::least_budget);
    for (std::size_t i = 0; i < file_count; ++i) {
        EXPECT_TRUE(holders[i]->pages->revoke());
        EXPECT_EQ(files[i]->content(), model[i]);
    }
}

// Whatever the client has written over what it can write: files that are not on loan to it stay as they
// are, and those that are do not grow behind what is reserved (LentFile::write looks).
TEST_F(LentInLittleMemory, garbage_harms_nothing_else) {
    std::mt19937_64 random(7);
    LentFile first(bytes_of(300'000, 1));
    LentFile second(bytes_of(300'000, 2));
    const std::string untouched = bytes_of(300'000, 3);
    LentFile third(untouched);
    for (int round = 0; round < 60; ++round) {
        Holder one(*this, first);
        Holder two(*this, second);
        {
            Holder three(*this, third);
            ASSERT_TRUE(three.bring_in(0, 300'000));
        }
        (void)one.bring_in(random() % 300'000, 200'000);
        (void)two.bring_in(random() % 300'000, 200'000);
        std::uint32_t segments = 1;
        for (; map->has(segments); ++segments) {
            const auto segment = memory->segment(segments);
            const auto room = map->room({segments, 0}, (*segment)->size());
            for (int i = 0; i < 4000; ++i) {
                const std::uint64_t value = random() % 3 == 0 ? ~std::uint64_t{0} : random();
                const std::size_t size = round % 2 == 0 ? room.size() : 64 * KiB;
                std::memcpy(room.data() + random() % (size / 8) * 8, &value, 8);
            }
        }
        ASSERT_GT(segments, 1u);
        (void)one.pages->write_back();
        (void)one.pages->bring_in(random() % 400'000, 1, 100'000);
        (void)two.pages->bring_in(random() % 400'000, 1, 400'000);
        (void)two.pages->write_back();
        // What may be in use is not used for anything else.
        reinterpret_cast<WriteControl*>(map->room(one.where.control, sizeof(WriteControl)).data())
            ->in_use = 0;
    }
    EXPECT_EQ(third.content(), untouched);
}

// Who is stopped in the middle of writing keeps nobody waiting, and what he writes later lands nowhere.
TEST_F(LentInLittleMemory, runs_are_not_used_again_while_their_writer_is_stopped) {
    LentFile file(std::string(run_size, 'a'));
    auto holder = std::make_unique<Holder>(*this, file);
    ASSERT_EQ(holder->write(0, "first"), LentOutcome::done);
    auto& control = *reinterpret_cast<WriteControl*>(
        map->room(holder->where.control, sizeof(WriteControl)).data());
    auto& head =
        *reinterpret_cast<LoanHead*>(map->room(holder->where.head, sizeof(LoanHead)).data());
    auto& pair =
        *reinterpret_cast<LoanPair*>(map->room(holder->where.chunk, sizeof(LoanPair)).data());
    std::byte* const run =
        map->room({run_of(pair.entry) / runs_in_segment,
                   static_cast<std::uint32_t>(run_of(pair.entry) % runs_in_segment * run_size)},
                  run_size)
            .data();
    begin_storing(control, turn.number);
    ASSERT_TRUE(has(head, holder->where.loan));
    EXPECT_TRUE(holder->pages->revoke());
    EXPECT_EQ(file.content().substr(0, 6), "firsta");
    EXPECT_TRUE(was_lost(head, holder->where.loan));
    // All memory is used for other files now, but for that run.
    const auto use_all = [&] {
        LentFile other(std::string(4 * MiB, 'b'));
        Holder another(*this, other);
        bool met = false;
        for (std::uint64_t position = 0; position < 4 * MiB; position += run_size) {
            // What is taken from others may be what the writer is in, for all that is known: it
            // runs out.
            const auto brought = another.pages->bring_in(position, 1, 1);
            EXPECT_TRUE(brought || brought.error() == std::errc::not_enough_memory);
            met = met || *run == std::byte{'b'};
        }
        std::memset(run, 'X', 5);
        EXPECT_TRUE(another.pages->revoke());
        EXPECT_EQ(other.content(), std::string(4 * MiB, 'b'));
        return met;
    };
    EXPECT_FALSE(use_all());
    EXPECT_FALSE(use_all());
    end_storing(control, turn.number);
    LentFile other(std::string(4 * MiB, 'b'));
    Holder another(*this, other);
    bool met = false;
    for (std::uint64_t position = 0; position < 4 * MiB; position += run_size) {
        EXPECT_TRUE(another.pages->bring_in(position, 1, 1));
        met = met || *run == std::byte{'b'};
    }
    EXPECT_TRUE(met);
}

// While one writes, another one writes back, takes the loan away and lends anew: no write that counted
// is missing afterwards, and no page goes back.
TEST_F(Lent, content_is_not_lost_in_a_race) {
    constexpr std::size_t page_count = 20;
    constexpr int rounds = 30'000;
    LentFile file(std::string(page_count * loan_page_size, '\0'));
    std::mutex mutex;
    auto holder = std::make_unique<Holder>(*this, file);
    std::atomic<std::uint64_t> told = 0;
    std::atomic<bool> done = false;
    const auto stamp_of = [&](std::size_t page, const std::string& content) {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::memcpy(&first, content.data() + page * loan_page_size, 8);
        std::memcpy(&last, content.data() + (page + 1) * loan_page_size - 8, 8);
        return std::pair(first, last);
    };
    std::jthread server([&] {
        std::mt19937 random(3);
        while (!done) {
            // What has been told by now is in these pages, or was in others that have been revoked.
            const std::uint64_t before = told;
            std::shared_ptr<LentPages> pages;
            {
                const std::scoped_lock lock(mutex);
                pages = holder->pages;
            }
            const bool ends = random() % 4 == 0;
            ASSERT_TRUE(ends ? pages->revoke() : pages->write_back());
            const std::string content = file.content();
            if (before == 0) continue;
            const auto [first, last] = stamp_of(before % page_count, content);
            ASSERT_GE(first, before);
            if (ends) {
                ASSERT_EQ(first, last);
            }
        }
    });
    std::string page(loan_page_size, '\0');
    int taken_away = 0;
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        for (std::size_t i = 0; i < page.size(); i += 8) std::memcpy(page.data() + i, &round, 8);
        while (true) {
            const auto written = holder->write(round % page_count * loan_page_size, page);
            if (written && *written == LentOutcome::done) break;
            ++taken_away;
            auto next = std::make_unique<Holder>(*this, file);
            const std::scoped_lock lock(mutex);
            holder.swap(next);
        }
        told = round;
    }
    done = true;
    server.join();
    EXPECT_TRUE(holder->pages->revoke());
    for (std::uint64_t round = rounds - page_count + 1; round <= rounds; ++round)
        EXPECT_EQ(stamp_of(round % page_count, file.content()), std::pair(round, round));
    EXPECT_GT(taken_away, 0);
    holder.reset();
}

TEST_F(Lent, memory_is_wiped_when_somebody_loses_the_right_to_read) {
    const std::string secret = "this is not for everybody";
    LentFile file(secret + std::string(run_size, '.'));
    Holder holder(*this, file);
    ASSERT_EQ(*holder.read(0, secret.size()), secret);
    EXPECT_TRUE(holder.pages->revoke());
    pool->scrub();
    for (std::uint32_t number = 1; map->has(number); ++number) {
        const auto segment = memory->segment(number);
        const auto all = map->at({number, 0}, (*segment)->size());
        const std::string_view text(reinterpret_cast<const char*>(all.data()), all.size());
        EXPECT_EQ(text.find(secret), std::string_view::npos);
    }
}

TEST_F(Lent, places_that_are_nowhere_are_refused) {
    LentFile file("content");
    Holder holder(*this, file);
    ASSERT_EQ(holder.write(0, "C"), LentOutcome::done);
    const auto [control, head, chunk, loan] = holder.where;
    PageWriter writer(map, turn);
    EXPECT_FALSE(writer.set_loan(control, head, no_loan));
    EXPECT_FALSE(writer.set_loan(control, head, loan_lost));
    EXPECT_FALSE(writer.set_loan({99, 0}, head, loan));
    EXPECT_FALSE(writer.set_loan(control, {head.segment, head.offset + 8}, loan));
    EXPECT_FALSE(writer.set_loan(control, {head.segment, 0xffffffc0}, loan));
    EXPECT_FALSE(writer.set_loan({life_segment, 0}, head, loan));
    EXPECT_TRUE(writer.set_loan(control, head, loan));
    EXPECT_FALSE(writer.set_chunk(0, {chunk.segment, chunk.offset + 1}));
    EXPECT_FALSE(writer.set_chunk(farthest_lent, chunk));
    EXPECT_FALSE(writer.set_chunk(0, {life_segment, 0}));
    EXPECT_TRUE(writer.set_chunk(0, chunk));
    MemoryMap reading;
    const auto segment = memory->segment(1);
    ASSERT_TRUE(reading.add(1, (*segment)->fd(), (*segment)->size()));
    EXPECT_TRUE(reading.room({1, 0}, 64).empty());
}

}  // namespace
}  // namespace quire::paging
