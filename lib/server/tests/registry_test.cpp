// SPDX-License-Identifier: MIT
//
// The gatekeeper: one after the other for one file, nobody waits for another file's, and what is
// removed is given to nobody.

#include <atomic>
#include <deque>
#include <random>
#include <set>
#include <thread>

#include "quire/testing/gate.hpp"
#include "registry/handle_turns.hpp"
#include "tests/kit/backing.hpp"
#include "tests/kit/event_log.hpp"

namespace quire::server {
namespace {

using Registries = BackedGround;
QUIRE_EACH_BACKING(Registries);

std::vector<std::jthread> start(int count, const std::function<void(int)>& work) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back(work, i);
    return threads;
}

TEST(HandleTurns, of_one_node_are_taken_one_after_the_other) {
    HandleTurns turns;
    std::array<int, 4> inside{};
    start(4, [&](int seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        for (int i = 0; i < 3000; ++i) {
            const fs::Handle one{random() % inside.size(), 0};
            const fs::Handle other{random() % inside.size(), 0};
            const HandleTurns::Turn turn(turns, one, other);
            EXPECT_EQ(inside.at(one.inode)++, 0);
            if (one != other) {
                EXPECT_EQ(inside.at(other.inode)++, 0);
                --inside.at(other.inode);
            }
            --inside.at(one.inode);
        }
    });
}

TEST(HandleTurns, of_other_nodes_and_generations_are_free) {
    HandleTurns turns;
    const HandleTurns::Turn one(turns, {1, 1});
    const HandleTurns::Turn other(turns, {1, 2}, {2, 1});
    std::jthread([&] { const HandleTurns::Turn third(turns, {3, 1}); }).join();
}

TEST_P(Registries, do_not_give_away_what_was_removed_meanwhile) {
    file("f", "old");
    testing::Gate gate;
    std::atomic<int> opens = 0;
    const Hooked hooked = set_hook([&](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation == fs::Operation::open && ++opens == 1) gate.pass();
        return {};
    });
    std::errc found{};
    {
        // It has found the file and is about to open it, in its turn.
        std::jthread one([&] { found = open_error("f", to_read); });
        gate.wait_for(1);
        // Somebody who does not wait for turns takes the name away.
        ASSERT_TRUE(tree->remove(fs::Call::as_root(), tree->root(), *Name::parse("f")));
        gate.open();
    }
    EXPECT_EQ(found, std::errc::no_such_file_or_directory);
    EXPECT_EQ(files->counters().providers, 0u);
}

TEST_P(Registries, make_anew_what_was_removed_meanwhile) {
    file("f", "old");
    testing::Gate gate;
    std::atomic<int> opens = 0;
    const Hooked hooked = set_hook([&](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation == fs::Operation::open && ++opens == 1) gate.pass();
        return {};
    });
    std::string made = "not yet";
    {
        std::jthread one([&] {
            const auto opened = context->open(in_time, "f", to_make, 0644, 100);
            ASSERT_TRUE(opened);
            made = text_of(opened->content);
        });
        gate.wait_for(1);
        ASSERT_TRUE(tree->remove(fs::Call::as_root(), tree->root(), *Name::parse("f")));
        gate.open();
    }
    EXPECT_EQ(made, "");
    EXPECT_TRUE(context->stat(in_time, "f", true));
}

TEST_P(Registries, keep_nobody_waiting_for_another_file) {
    file("slow");
    file("quick");
    ASSERT_TRUE(context->mkdir(in_time, "d", 0755));
    testing::Gate gate;
    const fs::Cookie slow = (*tree->walk(fs::Call::as_root(), *Path::parse("slow")))->cookie();
    const Hooked hooked = set_hook([&](fs::Operation operation, fs::Cookie node) -> Result<void> {
        if (operation == fs::Operation::open && node == slow) gate.pass();
        return {};
    });
    const auto one = across(*opener->context(in_time));
    const auto other = across(*opener->context(in_time));
    const auto in_same_channel = *across(opener)->context(in_time);
    std::jthread waiting([&] { EXPECT_TRUE(one->open(in_time, "slow", to_write, 0, 0)); });
    gate.wait_for(1);
    for (const auto& mine : {other, in_same_channel, context}) {
        for (int i = 0; i < 100; ++i) {
            const auto held = mine->open(in_time, "quick", to_write, 0, 10);
            ASSERT_TRUE(held);
            ASSERT_TRUE(held->file->write(in_time, 0, bytes_of("x")));
            ASSERT_TRUE(mine->open(in_time, "d/f", to_make, 0644, 0));
            ASSERT_TRUE(mine->rename(in_time, "d/f", "d/g", 0));
            ASSERT_TRUE(mine->remove(in_time, "d/g"));
            ASSERT_TRUE(mine->open_directory(in_time, "/", 0, true));
            ASSERT_TRUE(mine->stat(in_time, "slow", true));
        }
    }
    gate.open();
}

// Threads make, open, replace and remove the same few names. Each new file is given its content at
// once by whoever made it; so who finds one reads nothing, or all that one maker wrote.
TEST_P(Registries, survive_making_against_removing) {
    const auto name = [](std::mt19937& random) { return "n" + std::to_string(random() % 3); };
    std::atomic<int> made = 0;
    std::atomic<int> removed = 0;
    const auto free_before = volume->statistics(fs::Call::as_root())->free_inodes;
    std::vector<ipc::Cap<OpenerContext>> contexts;
    for (int i = 0; i < 4; ++i) contexts.push_back(across(*opener->context(in_time)));
    start(4, [&](int thread) {
        std::mt19937 random(static_cast<unsigned>(thread));
        const ipc::Cap<OpenerContext>& mine = contexts.at(static_cast<std::size_t>(thread));
        for (int i = 0; i < 1500; ++i) {
            const std::string path = name(random);
            switch (random() % 5) {
                case 0:
                case 1: {
                    const auto fresh =
                        mine->open(in_time, path, to_make | protocols::open_exclusive, 0644, 0);
                    if (!fresh) {
                        EXPECT_EQ(fresh.error(), std::errc::file_exists);
                        break;
                    }
                    ++made;
                    const std::string content(100, static_cast<char>('a' + random() % 26));
                    EXPECT_TRUE(fresh->file->write(in_time, 0, bytes_of(content)));
                    EXPECT_EQ(text_of(*fresh->file->read(in_time, 0, 200)), content);
                    break;
                }
                case 2: {
                    const auto found = mine->open(in_time, path, to_make, 0644, 200);
                    ASSERT_TRUE(found) << found.error().message();
                    const std::string content = text_of(found->content);
                    if (!content.empty()) {
                        EXPECT_EQ(content, std::string(100, content[0]));
                    }
                    break;
                }
                case 3: {
                    const auto gone = mine->remove(in_time, path);
                    if (gone)
                        ++removed;
                    else
                        EXPECT_EQ(gone.error(), std::errc::no_such_file_or_directory);
                    break;
                }
                default: {
                    const auto moved = mine->rename(in_time, path, name(random), 0);
                    if (!moved) {
                        EXPECT_EQ(moved.error(), std::errc::no_such_file_or_directory);
                    }
                }
            }
        }
    });
    EXPECT_GT(made, 0);
    EXPECT_GT(removed, 0);
    for (const char* left : {"n0", "n1", "n2"}) (void)context->remove(in_time, left);
    contexts.clear();
    context = {};
    // What the clients released, the server has to hear first.
    EXPECT_TRUE(carrier.stop(ipc::Call::Deadline::max()));
    EXPECT_EQ(files->counters().providers, 0u);
    EXPECT_EQ(volume->statistics(fs::Call::as_root())->free_inodes, free_before);
}

// One name, made and removed, while some of those who had it open keep it.
TEST_P(Registries, tell_thousands_of_generations_of_a_name_apart) {
    struct Generation {
        ipc::Cap<FileObject> file;
        std::string content;
        std::shared_ptr<EventLog> log;
    };
    constexpr int generations = 4000;
    constexpr std::size_t most_held = 8;
    std::deque<Generation> held;
    std::set<std::uint64_t> numbers;
    std::mt19937 random(1);
    for (int i = 0; i < generations; ++i) {
        auto opened = context->open(in_time, "f", to_make | protocols::open_exclusive, 0644, 100);
        ASSERT_TRUE(opened) << i << ": " << opened.error().message();
        EXPECT_EQ(text_of(opened->content), "") << i;
        numbers.insert(opened->attributes.inode);
        Generation fresh{opened->file, "generation " + std::to_string(i), listen(*opened->file)};
        opened->file = {};
        ASSERT_TRUE(fresh.file->write(in_time, 0, bytes_of(fresh.content)));
        EXPECT_EQ(content("f"), fresh.content);
        held.push_back(std::move(fresh));
        EXPECT_EQ(files->counters().providers, held.size());
        const Generation& one = held[random() % held.size()];
        EXPECT_EQ(text_of(*one.file->read(in_time, 0, 100)), one.content) << i;
        ASSERT_TRUE(context->remove(in_time, "f"));
        EXPECT_EQ(one.file->attributes(in_time)->links, 0u);
        if (held.size() < most_held) continue;
        const auto goes = held.begin() + static_cast<std::ptrdiff_t>(random() % held.size());
        goes->log->wait_for_bits(protocols::event_removed);
        EXPECT_EQ(goes->log->count_of(protocols::event_removed), 1u);
        EXPECT_EQ(goes->log->count_of(protocols::event_closed), 0u);
        held.erase(goes);
    }
    if (GetParam() == Backing::ext4) {
        EXPECT_LT(numbers.size(), 64u) << "they are given again";
    }
}

// A number may be given to a new file before the last one who had the old one has quite gone.
TEST_P(Registries, mix_up_no_generations_of_a_number) {
    std::atomic<int> strangers = 0;
    std::mutex mutex;
    std::set<std::uint64_t> numbers;
    constexpr int rounds = 1500;
    start(4, [&](int thread) {
        const std::string path = "n" + std::to_string(thread);
        const auto mine = *opener->context(in_time);
        for (int i = 0; i < rounds; ++i) {
            const auto opened =
                mine->open(in_time, path, to_make | protocols::open_exclusive, 0644, 100);
            ASSERT_TRUE(opened) << opened.error().message();
            const auto log = listen(*opened->file);
            {
                const std::lock_guard lock(mutex);
                numbers.insert(opened->attributes.inode);
            }
            EXPECT_EQ(opened->attributes.size, 0u);
            ASSERT_TRUE(opened->file->write(in_time, 0, bytes_of(path)));
            ASSERT_TRUE(mine->remove(in_time, path));
            EXPECT_EQ(text_of(*opened->file->read(in_time, 0, 100)), path);
            log->wait_for_bits(protocols::event_removed);
            // Nobody else has ever had this file open.
            if (log->count_of(protocols::event_opened | protocols::event_closed) > 0) ++strangers;
        }
    });
    EXPECT_EQ(strangers, 0);
    if (GetParam() == Backing::ext4) {
        EXPECT_LT(numbers.size(), 64u);
    }
}

// Who heard that a file is open hears that it is closed, however many come and go.
TEST_P(Registries, count_who_comes_and_goes) {
    start(4, [&](int) {
        const auto mine = across(*opener->context(in_time));
        for (int i = 0; i < 300; ++i) {
            const auto held = mine->open(in_time, "f", to_make, 0644, 0);
            ASSERT_TRUE(held);
            EXPECT_GE(files->counters().providers, 1u);
        }
    });
    context = {};
    EXPECT_TRUE(carrier.stop(ipc::Call::Deadline::max()));
    EXPECT_EQ(files->counters().files, 0u);
    EXPECT_EQ(files->counters().providers, 0u);
}

}  // namespace
}  // namespace quire::server
