// SPDX-License-Identifier: MIT
//
// Many clients, many files, and clients that are slow or gone.

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "quire/base/units.hpp"
#include "quire/ipc/remote_object.hpp"
#include "quire/testing/gate.hpp"
#include "tests/kit/file_ground.hpp"

namespace quire::server {
namespace {

using Crowds = FileGround;

TEST_F(Crowds, of_a_hundred_clients_are_served_at_once) {
    constexpr int clients = 100;
    // All of them have a call in the volume before any goes on: more than there are workers otherwise.
    carrier = *ipc::Server::create({.max_workers = clients + 2});
    file("common", "for all");
    testing::Gate gate;
    const fs::Cookie common = (*tree->walk(fs::Call::as_root(), *Path::parse("common")))->cookie();
    std::atomic<int> held_up = 0;
    const Hooked hooked = set_hook([&](fs::Operation operation, fs::Cookie node) -> Result<void> {
        if (operation == fs::Operation::read && node == common && held_up++ < clients) gate.pass();
        return {};
    });
    std::vector<std::jthread> threads;
    for (int client = 0; client < clients; ++client)
        threads.emplace_back([&, client] {
            const auto own = across(*opener->context(in_time));
            const auto read = own->read(in_time, "common", 100);
            ASSERT_TRUE(read) << read.error().message();
            EXPECT_EQ(text_of(read->content), "for all");
            const std::string path = "of" + std::to_string(client);
            for (int i = 0; i < 10; ++i) {
                const auto mine = own->open(in_time, path, to_make, 0644, 100);
                ASSERT_TRUE(mine);
                EXPECT_EQ(text_of(mine->content), i == 0 ? "" : path + std::to_string(i - 1));
                EXPECT_TRUE(mine->file->write(in_time, 0, bytes_of(path + std::to_string(i))));
            }
            EXPECT_TRUE(own->remove(in_time, path));
        });
    gate.wait_for(clients);
    gate.open();
    threads.clear();
    context = {};
    EXPECT_TRUE(carrier.stop(ipc::Call::Deadline::max()));
    EXPECT_EQ(files->counters().files, 0u);
}

TEST_F(Crowds, of_open_files_may_be_a_hundred_thousand) {
    constexpr std::size_t many = 100'000;
    const auto own = across(opener);
    const auto mine = *own->context(in_time);
    ASSERT_TRUE(context->mkdir(in_time, "d", 0755));
    std::vector<ipc::Cap<FileObject>> held;
    held.reserve(many);
    for (std::size_t i = 0; i < many; ++i) {
        auto opened = mine->open(in_time, "d/" + std::to_string(i), to_make, 0644, 0);
        ASSERT_TRUE(opened) << i << ": " << opened.error().message();
        held.push_back(std::move(opened->file));
    }
    EXPECT_EQ(files->counters().files, many);
    EXPECT_EQ(files->counters().providers, many);
    for (const std::size_t i : {std::size_t{0}, many / 2, many - 1}) {
        EXPECT_TRUE(held.at(i)->write(in_time, 0, bytes_of("open")));
        EXPECT_EQ(content("d/" + std::to_string(i)), "open");
    }
    {
        const ipc::ReleaseBatch batch;
        held.clear();
    }
    // So many releases find no room at once, and go along with what follows.
    while (files->counters().files > 0) ASSERT_TRUE(mine->stat(in_time, "d", true));
    while (files->counters().providers > 0) std::this_thread::yield();
}

TEST_F(Crowds, lose_everything_that_a_client_held_when_it_goes) {
    std::vector<ipc::Cap<OpenerContext>> clients;
    std::vector<ipc::Cap<FileObject>> held;
    for (int client = 0; client < 20; ++client) {
        const auto own = across(files->opener(Authority(tree, fs::Credentials::root())));
        const auto mine = *own->context(in_time);
        const SealedMemory buffer(64 * KiB);
        ASSERT_TRUE(mine->set_buffer(in_time, buffer.object));
        for (int i = 0; i < 50; ++i) {
            auto opened = mine->open(in_time, "f" + std::to_string(i), to_make, 0644, 0);
            ASSERT_TRUE(opened);
            held.push_back(std::move(opened->file));
        }
        held.push_back(mine->open(in_time, "f0", to_read, 0, 0)->file);
        clients.push_back(mine);
    }
    EXPECT_EQ(files->counters().files, 20u * 51);
    EXPECT_EQ(files->counters().providers, 50u);
    EXPECT_EQ(files->counters().buffers, 20u);
    // The channels end with their last capabilities, without a word.
    held.clear();
    clients.clear();
    context = {};
    opener = {};
    EXPECT_TRUE(carrier.stop(ipc::Call::Deadline::max()));
    expect_nothing_left();
}

// One client's calls stand in a volume that does not answer; another client does all it wants.
TEST_F(Crowds, do_not_wait_for_a_slow_volume) {
    file("slow", "content");
    file("quick", "content");
    ASSERT_TRUE(context->mkdir(in_time, "slow_directory", 0755));
    testing::Gate gate;
    const auto cookie_of = [&](const char* path) {
        return (*tree->walk(fs::Call::as_root(), *Path::parse(path)))->cookie();
    };
    const fs::Cookie slow = cookie_of("slow");
    const fs::Cookie slow_directory = cookie_of("slow_directory");
    const auto victim = across(opener);
    const auto reader = *victim->context(in_time);
    const auto file = reader->open(in_time, "slow", to_write, 0, 0)->file;
    const Hooked hooked = set_hook([&](fs::Operation operation, fs::Cookie node) -> Result<void> {
        const bool waits = node == slow &&
                           (operation == fs::Operation::read || operation == fs::Operation::write ||
                            operation == fs::Operation::fsync);
        const bool lists = node == slow_directory && operation == fs::Operation::readdir;
        if (waits || lists) gate.pass();
        return {};
    });
    std::vector<std::jthread> waiting;
    waiting.emplace_back([&] { EXPECT_TRUE(file->read(in_time, 0, 10)); });
    waiting.emplace_back([&] { EXPECT_TRUE(file->write(in_time, 0, bytes_of("new"))); });
    waiting.emplace_back([&] { EXPECT_TRUE(file->flush(in_time, 0)); });
    waiting.emplace_back(
        [&] { EXPECT_TRUE(reader->open_directory(in_time, "slow_directory", 0, false)); });
    gate.wait_for(4);
    const auto other = *across(opener)->context(in_time);
    const auto sibling = *victim->context(in_time);  // of the same client
    int done = 0;
    for (const auto& mine : {other, sibling})
        for (int i = 0; i < 200; ++i) {
            const auto opened = mine->open(in_time, "quick", to_write, 0, 100);
            ASSERT_TRUE(opened);
            ASSERT_TRUE(opened->file->write(in_time, 0, bytes_of("quick")));
            ASSERT_TRUE(opened->file->flush(in_time, 0));
            ASSERT_TRUE(mine->open(in_time, "slow", to_read, 0, 0));
            ASSERT_TRUE(mine->open_directory(in_time, "/", 0, true));
            ++done;
        }
    EXPECT_EQ(done, 400);
    gate.open();
}

TEST_F(Crowds, give_up_on_a_slow_volume_when_they_want) {
    file("slow", "content");
    const auto own = across(*opener->context(in_time));
    const auto file = own->open(in_time, "slow", to_read, 0, 0)->file;
    testing::Gate gate;
    const Hooked hooked = set_hook([&](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation == fs::Operation::read) gate.pass();
        return {};
    });
    std::stop_source stop;
    std::jthread reader([&] {
        EXPECT_EQ(code_of(file->read(in_time.cancelled_by(stop.get_token()), 0, 10)),
                  std::errc::operation_canceled);
    });
    gate.wait_for(1);
    stop.request_stop();
    reader.join();
    EXPECT_EQ(code_of(file->read(ipc::Call::within(std::chrono::milliseconds(1)), 0, 10)),
              std::errc::timed_out);
    gate.open();
    EXPECT_EQ(file->read(in_time, 0, 10)->size(), 7u);
}

// Many files, threads and regions: each thread writes regions of its own in files of all, by
// message and through memory, and reads what it wrote while the others do the same.
TEST_F(Crowds, keep_regions_of_files_apart) {
    constexpr std::size_t threads = 6;
    constexpr std::size_t file_count = 12;
    constexpr std::size_t regions = 24;
    constexpr std::size_t region_size = 3000;  // not of pages
    for (std::size_t i = 0; i < file_count; ++i) file("f" + std::to_string(i));
    std::vector<std::uint8_t> last(file_count * regions);
    const auto work = [&](std::size_t thread) {
        std::mt19937 random(static_cast<unsigned>(thread));
        const auto mine = across(*opener->context(in_time));
        SealedMemory buffer(64 * KiB);
        ASSERT_TRUE(mine->set_buffer(in_time, buffer.object));
        for (int i = 0; i < 400; ++i) {
            const std::size_t chosen = random() % file_count;
            const std::size_t region = random() % (regions / threads) * threads + thread;
            const std::uint64_t position = region * region_size;
            std::uint8_t& value = last.at(chosen * regions + region);
            const auto opened = mine->open(in_time, "f" + std::to_string(chosen), to_write, 0, 0);
            ASSERT_TRUE(opened);
            if (random() % 2 == 0) {
                value = static_cast<std::uint8_t>(random());
                const std::vector<std::byte> content(region_size, std::byte{value});
                if (random() % 2 == 0) {
                    ASSERT_TRUE(opened->file->write(in_time, position, content));
                } else {
                    std::memcpy(buffer.data() + 77, content.data(), content.size());
                    ASSERT_TRUE(opened->file->write_from(in_time, position, 77, region_size));
                }
            }
            std::vector<std::byte> read;
            if (random() % 2 == 0) {
                read = *opened->file->read(in_time, position, region_size);
            } else {
                const auto got = *opened->file->read_to(in_time, position, 5, region_size);
                read.assign(buffer.bytes().begin() + 5,
                            buffer.bytes().begin() + 5 + static_cast<std::ptrdiff_t>(got));
            }
            ASSERT_TRUE(
                std::ranges::all_of(read, [&](std::byte one) { return one == std::byte{value}; }));
        }
    };
    std::vector<std::jthread> running;
    for (std::size_t thread = 0; thread < threads; ++thread) running.emplace_back(work, thread);
    running.clear();
    for (std::size_t i = 0; i < file_count; ++i) {
        const auto whole = open("f" + std::to_string(i), to_read);
        const std::uint64_t size = whole->attributes(in_time)->size;
        for (std::size_t region = 0; region < regions; ++region) {
            const auto read = *whole->read(in_time, region * region_size, region_size);
            const std::byte value{last.at(i * regions + region)};
            EXPECT_TRUE(std::ranges::all_of(read, [&](std::byte one) { return one == value; }));
        }
        EXPECT_LE(size, regions * region_size);
    }
}

TEST_F(Crowds, of_appenders_lose_nothing) {
    file("log");
    constexpr int lines = 200;
    std::vector<std::jthread> threads;
    for (char who = 'a'; who < 'e'; ++who)
        threads.emplace_back([&, who] {
            const auto mine = across(*opener->context(in_time));
            const auto log =
                mine->open(in_time, "log", protocols::open_write | protocols::open_append, 0, 0)
                    ->file;
            for (int i = 0; i < lines; ++i)
                ASSERT_TRUE(log->write(in_time, 0, bytes_of(std::string(9, who) + "\n")));
        });
    threads.clear();
    const std::string all = content("log");
    ASSERT_EQ(all.size(), 4u * lines * 10);
    std::array<int, 4> seen{};
    for (std::size_t at = 0; at < all.size(); at += 10) {
        const char who = all[at];
        ASSERT_EQ(all.substr(at, 10), std::string(9, who) + "\n");
        ++seen.at(static_cast<std::size_t>(who - 'a'));
    }
    for (const int count : seen) EXPECT_EQ(count, lines);
}

}  // namespace
}  // namespace quire::server
