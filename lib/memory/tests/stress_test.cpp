// SPDX-License-Identifier: MIT

// Readers, writers, and a pool that is much too small: whatever is read has been written, all of it
// at once, and not before what was read last.

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <thread>

#include "tests/kit.hpp"

namespace quire::paging {
namespace {

constexpr std::size_t file_count = 6;
constexpr std::uint64_t file_size = 6 * run_size;
constexpr std::size_t record = 4 * KiB;

/// Each record says whose it is, where, and when it was written; a write touches two in a row, on
/// both sides of a border of runs too.
struct Stamp {
    std::uint32_t file;
    std::uint32_t place;
    std::uint64_t turn;
    bool operator==(const Stamp&) const = default;
};

class StampedFile final : public ContentSource {
public:
    explicit StampedFile(std::uint32_t number) : number_(number) {
        for (std::uint32_t place = 0; place < turns_.size(); ++place) fill(place, 0);
    }

    Result<std::uint64_t> size() override { return file_size; }
    Result<std::size_t> read(std::uint64_t position, std::span<std::byte> memory) override {
        const std::scoped_lock lock(mutex_);
        std::memcpy(memory.data(), content_.data() + position, memory.size());
        return memory.size();
    }
    void write(std::vector<std::shared_ptr<FilePages>>& all, std::uint32_t place) {
        for (const auto& pages : all) pages->begin_change(place * record, 2 * record);
        std::uint64_t turn = 0;
        {
            const std::scoped_lock lock(mutex_);
            turn = ++turns_[place];
            fill(place, turn);
            fill(place + 1, turn);
        }
        for (const auto& pages : all) pages->end_change();
        // Acknowledged: nobody may read an older one from now on.
        std::uint64_t before = acknowledged[place].load();
        while (before < turn && !acknowledged[place].compare_exchange_weak(before, turn)) continue;
    }

    static constexpr std::uint32_t places = file_size / record;
    std::array<std::atomic<std::uint64_t>, places> acknowledged{};

private:
    void fill(std::uint32_t place, std::uint64_t turn) {
        const Stamp stamp{number_, place, turn};
        for (std::size_t i = 0; i < record; i += sizeof(stamp))
            std::memcpy(content_.data() + place * record + i, &stamp, sizeof(stamp));
    }

    const std::uint32_t number_;
    std::mutex mutex_;
    std::array<std::uint64_t, places> turns_{};
    std::string content_ = std::string(file_size, '\0');
};

/// Of pairs that are written at once; one in eight lies on both sides of a border of runs.
std::uint32_t some_place(std::mt19937& random) {
    return random() % (StampedFile::places / 2 - 1) * 2 + 1;
}

TEST(PagesUnderStress, are_never_torn_nor_old_nor_another_s) {
    const auto pool = *PagePool::create({.budget = PagePool::least_budget});
    // Two domains, with the same files.
    const std::array domains{pool->make_domain(), pool->make_domain()};
    std::vector<std::unique_ptr<StampedFile>> files;
    std::vector<std::vector<std::shared_ptr<FilePages>>> pages(file_count);
    for (std::uint32_t i = 0; i < file_count; ++i) {
        files.push_back(std::make_unique<StampedFile>(i));
        for (const auto& domain : domains) pages[i].push_back(*domain->make_file());
    }
    std::atomic<bool> done = false;
    std::atomic<std::uint64_t> hits = 0;
    std::atomic<std::uint64_t> misses = 0;

    const auto check = [&](std::uint32_t number, std::size_t place, std::uint64_t least,
                           const std::string& content) {
        Stamp first{};
        std::memcpy(&first, content.data(), sizeof(first));
        ASSERT_EQ(first.file, number);
        ASSERT_EQ(first.place, place);
        ASSERT_GE(first.turn, least) << "it is older than what was acknowledged";
        for (std::size_t i = 0; i < content.size(); i += sizeof(Stamp)) {
            Stamp stamp{};
            std::memcpy(&stamp, content.data() + i, sizeof(stamp));
            ASSERT_EQ(stamp.file, number);
            ASSERT_EQ(stamp.place, place + i / record);
            ASSERT_EQ(stamp.turn, first.turn) << "it is torn at " << i;
        }
    };
    std::vector<std::jthread> threads;
    for (unsigned id = 0; id < 4; ++id) {
        threads.emplace_back([&, id] {
            std::mt19937 random(id);
            const std::size_t which = id % 2;
            std::vector<TestClient> clients;
            for (std::size_t i = 0; i < file_count; ++i)
                clients.emplace_back(domains[which], pages[i][which]);
            while (!done) {
                const auto number = static_cast<std::uint32_t>(random() % file_count);
                const std::uint32_t place = some_place(random);
                const std::uint64_t least = files[number]->acknowledged[place];
                const int before = clients[number].misses;
                const std::string content =
                    clients[number].read(*files[number], place * record, 2 * record);
                check(number, place, least, content);
                (clients[number].misses == before ? hits : misses)++;
            }
        });
    }
    std::jthread writer([&] {
        std::mt19937 random(99);
        for (int i = 0; i < 3000; ++i) {
            const std::size_t number = random() % file_count;
            files[number]->write(pages[number], some_place(random));
            if (i % 64 == 0) std::this_thread::yield();
        }
        done = true;
    });
    writer.join();
    threads.clear();
    EXPECT_GT(hits, 0u);
    EXPECT_GT(misses, 0u);
    EXPECT_GT(pool->counters().recycled, 0u);
}

}  // namespace
}  // namespace quire::paging
