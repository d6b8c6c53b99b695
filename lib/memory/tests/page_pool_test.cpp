// SPDX-License-Identifier: MIT

// What clients see of files: what is there, without asking twice, and never anything else.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <optional>
#include <thread>
#include <utility>

#include "tests/kit.hpp"

namespace quire::paging {
namespace {

using Outcome = PageReader::Outcome;

class Pages : public ::testing::Test {
protected:
    explicit Pages(std::uint64_t budget = 64 * MiB)
        : pool(*PagePool::create({.budget = budget})), domain(pool->make_domain()) {}

    std::shared_ptr<FilePages> make_file() const { return *domain->make_file(); }

    std::shared_ptr<PagePool> pool;
    std::shared_ptr<Domain> domain;
};

class FewPages : public Pages {
protected:
    FewPages() : Pages(2 * MiB) {}
};

TEST_F(Pages, are_read_again_without_asking) {
    const std::string content = bytes_of(3 * MiB + 777, 1);
    TestFile file(content);
    TestClient client(domain, make_file());
    EXPECT_EQ(client.read(file, 0, 100), content.substr(0, 100));
    EXPECT_EQ(client.misses, 1);
    ASSERT_TRUE(client.bring_in(file, 0, content.size()));
    const int misses = client.misses;
    const int reads = file.reads;
    for (std::size_t place : {0UL, 1UL, 65535UL, 65536UL, 400'000UL, 3'000'000UL}) {
        EXPECT_EQ(client.read(file, place, 5000), content.substr(place, 5000));
        EXPECT_EQ(client.read(file, place, 200'000), content.substr(place, 200'000));
    }
    EXPECT_EQ(client.read(file, content.size() - 10, 100), content.substr(content.size() - 10));
    EXPECT_EQ(client.read(file, content.size(), 100), "");
    EXPECT_EQ(client.read(file, content.size() + MiB, 100), "");
    EXPECT_EQ(client.misses, misses);
    EXPECT_EQ(file.reads, reads);
    EXPECT_EQ(client.reader().size(), content.size());
}

TEST_F(Pages, that_are_brought_in_together_are_read_together) {
    TestFile file(bytes_of(2 * MiB, 2));
    TestClient client(domain, make_file());
    ASSERT_TRUE(client.bring_in(file, 0, 512 * KiB));
    EXPECT_EQ(file.reads, 1);
    // What is there already is not read again.
    ASSERT_TRUE(client.bring_in(file, 256 * KiB, 512 * KiB));
    EXPECT_EQ(file.reads, 2);
    EXPECT_EQ(pool->counters().filled, 12u);
}

TEST_F(Pages, of_an_empty_file_are_none) {
    TestFile file("");
    TestClient client(domain, make_file());
    EXPECT_EQ(client.read(file, 0, 10), "");
    EXPECT_EQ(client.read(file, 5, 10), "");
    EXPECT_EQ(client.misses, 1);
    EXPECT_EQ(pool->counters().runs, 0u);
}

TEST_F(Pages, are_shared_by_the_clients_of_a_domain) {
    const std::string content = bytes_of(MiB, 3);
    TestFile file(content);
    const auto pages = make_file();
    TestClient one(domain, pages);
    TestClient other(domain, pages);
    ASSERT_TRUE(one.bring_in(file, 0, MiB));
    const int reads = file.reads;
    EXPECT_EQ(other.read(file, 1000, 70'000), content.substr(1000, 70'000));
    EXPECT_EQ(other.misses, 1);
    EXPECT_EQ(file.reads, reads);
}

TEST_F(Pages, of_domains_lie_in_segments_of_their_own) {
    TestFile file(bytes_of(MiB, 4));
    const auto second = pool->make_domain();
    TestClient one(domain, make_file());
    TestClient other(second, *second->make_file());
    one.read(file, 0, 10);
    other.read(file, 0, 10);
    const auto segments = pool->counters().segments;
    EXPECT_EQ(segments, 4u);  // cells and content, twice
    EXPECT_NE((*domain->segment(1)).get(), (*second->segment(1)).get());
    EXPECT_EQ((*domain->segment(life_segment)).get(), (*second->segment(life_segment)).get());
    EXPECT_EQ(domain->segment(9).error(), std::errc::no_such_file_or_directory);
}

TEST_F(Pages, that_changed_are_not_seen_any_more) {
    std::string content = bytes_of(MiB, 5);
    TestFile file(content);
    const auto pages = make_file();
    TestClient client(domain, pages);
    ASSERT_TRUE(client.bring_in(file, 0, MiB));
    std::string buffer(100, '?');
    pages->begin_change(100'000, 10);
    EXPECT_EQ(client.try_to_read(99'990, buffer).outcome, Outcome::missing);
    EXPECT_EQ(client.try_to_read(65'500, buffer).outcome, Outcome::missing)
        << "a part of it is not there";
    EXPECT_EQ(client.try_to_read(65'436, buffer).outcome, Outcome::done) << "not touched by that";
    pages->end_change();
    EXPECT_EQ(client.try_to_read(99'990, buffer).outcome, Outcome::missing);
    file.change(*pages, 100'000, 4, [](std::string& bytes) { bytes.replace(100'000, 4, "new!"); });
    EXPECT_EQ(client.read(file, 100'000, 4), "new!");
}

TEST_F(Pages, follow_the_size) {
    TestFile file(std::string(100'000, 'a'));
    const auto pages = make_file();
    TestClient client(domain, pages);
    EXPECT_EQ(client.read(file, 0, 200'000), std::string(100'000, 'a'));
    file.change(*pages, 10, to_the_end, [](std::string& bytes) { bytes.resize(10); });
    std::string buffer(100, '?');
    EXPECT_EQ(client.try_to_read(0, buffer).outcome, Outcome::missing);
    EXPECT_EQ(client.read(file, 0, 200'000), std::string(10, 'a'));
    // What was behind the end does not come back when it moves.
    file.change(*pages, 10, to_the_end, [](std::string& bytes) { bytes.resize(300'000); });
    EXPECT_EQ(client.read(file, 0, 300'000), std::string(10, 'a') + std::string(299'990, '\0'));
    // A write behind the end, as its range tells.
    file.change(*pages, 300'000, 5, [](std::string& bytes) { bytes += "tail."; });
    EXPECT_EQ(client.read(file, 299'999, 100), std::string(1, '\0') + "tail.");
}

// As a client sees who reads its whole memory.
TEST_F(Pages, hold_zeros_behind_the_end) {
    TestFile longer(std::string(run_size, 'x'));
    auto pages = make_file();
    {
        TestClient client(domain, pages);
        client.read(longer, 0, 10);
    }
    pages.reset();
    TestFile shorter("short");
    TestClient client(domain, make_file());
    client.read(shorter, 0, 10);
    const auto content = *domain->segment(2);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(content->data()), run_size),
              "short" + std::string(run_size - 5, '\0'));
}

TEST_F(Pages, of_a_file_that_is_closed_are_nobody_s) {
    TestFile file(bytes_of(100'000, 6));
    auto pages = make_file();
    std::optional<TestClient> client(std::in_place, domain, pages);
    client->read(file, 0, 100'000);
    EXPECT_EQ(pool->counters().files, 1u);
    const PageReader reader = client->reader();
    client.reset();
    pages.reset();
    EXPECT_EQ(pool->counters().files, 0u);
    EXPECT_EQ(pool->counters().runs, 0u);
    // Its cell and its run are another's now, and who knows them yet does not read that one's.
    TestFile secret(bytes_of(100'000, 7));
    TestClient other(domain, make_file());
    other.read(secret, 0, 100'000);
    std::string buffer(100, '?');
    EXPECT_NE(reader.read(0, std::as_writable_bytes(std::span(buffer))).outcome, Outcome::done);
    EXPECT_EQ(reader.size(), unknown_size);
}

TEST_F(Pages, that_are_nobody_s_can_be_wiped_out) {
    TestFile file(std::string(300'000, 'x'));
    auto pages = make_file();
    TestClient client(domain, pages);
    client.read(file, 0, 300'000);
    pages->begin_change(0, 10);
    pages->end_change();
    const auto content = *domain->segment(2);
    const auto count = [&] {
        const auto* const bytes = reinterpret_cast<const char*>(content->data());
        return std::count(bytes, bytes + 5 * run_size, 'x');
    };
    EXPECT_EQ(count(), 300'000);
    pool->scrub();
    EXPECT_EQ(count(), 300'000 - static_cast<std::ptrdiff_t>(run_size));
    client = TestClient(domain, nullptr);
    pages.reset();
    pool->scrub();
    EXPECT_EQ(count(), 0);
}

// Who takes the right to read away does so when nothing of the file is on its way into memory.
TEST_F(Pages, that_are_being_brought_in_are_wiped_out_too) {
    TestFile file(std::string(300'000, 'x'));
    const auto pages = make_file();
    TestClient client(domain, pages);
    client.read(file, 0, 1);
    std::atomic<int> turn = 0;
    file.before = [&] {
        turn = 1;
        while (turn != 2) std::this_thread::yield();
    };
    std::jthread reader([&] { (void)client.bring_in(file, 200'000, 1); });
    while (turn != 1) std::this_thread::yield();
    std::jthread changer([&] {
        pages->begin_change(0, to_the_end);
        pool->scrub();
        turn = 3;
        const auto content = *domain->segment(2);
        const auto* const bytes = reinterpret_cast<const char*>(content->data());
        EXPECT_EQ(std::count(bytes, bytes + content->size(), 'x'), 0);
        file.before = {};
        pages->end_change();
    });
    // Others are brought in meanwhile, and keep nobody.
    TestFile other(std::string(1000, 'y'));
    const auto its_pages = make_file();
    TestClient another(domain, its_pages);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(another.read(other, 0, 1), "y");
        its_pages->begin_change(0, 1);
        its_pages->end_change();
    }
    EXPECT_EQ(turn, 1);
    turn = 2;
}

TEST_F(Pages, that_cannot_be_read_are_not_there) {
    TestFile file(bytes_of(MiB, 8));
    const auto pages = make_file();
    TestClient client(domain, pages);
    file.broken = true;
    EXPECT_EQ(client.bring_in(file, 0, MiB).error(), std::errc::io_error);
    EXPECT_EQ(pool->counters().runs, 0u);
    file.broken = false;
    EXPECT_EQ(client.read(file, 0, 10), bytes_of(MiB, 8).substr(0, 10));
}

TEST_F(Pages, that_change_while_they_are_read_do_not_count) {
    std::string content = bytes_of(MiB, 9);
    TestFile file(content);
    const auto pages = make_file();
    TestClient client(domain, pages);
    int turns = 0;
    file.before = [&] {
        if (++turns != 2) return;  // the first is for the size
        file.before = {};
        file.change(*pages, 0, 4, [](std::string& bytes) { bytes.replace(0, 4, "news"); });
    };
    EXPECT_EQ(client.read(file, 0, 4), "news");
    EXPECT_EQ(file.reads, 2);
    file.change(*pages, 0, 4, [](std::string& bytes) { bytes.replace(0, 4, "olds"); });
    file.before = [&] { file.change(*pages, 0, 1, [](std::string&) {}); };
    EXPECT_EQ(client.bring_in(file, 0, 4).error(), std::errc::resource_unavailable_try_again);
    file.before = {};
    EXPECT_EQ(client.read(file, 0, 4), "olds");
}

TEST_F(Pages, wait_for_a_change_under_way_until_that_is_given_up) {
    TestFile file("content");
    const auto pages = make_file();
    pages->begin_change(0, 1);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(pages->bring_in(stop.get_token(), 0, 1, file).error(), std::errc::operation_canceled);
    std::jthread other([&] { pages->end_change(); });
    EXPECT_TRUE(pages->bring_in({}, 0, 1, file));
}

TEST_F(Pages, of_far_places_have_their_entries_elsewhere) {
    class Far final : public ContentSource {
    public:
        Result<std::uint64_t> size() override { return 4 * TiB; }
        Result<std::size_t> read(std::uint64_t position, std::span<std::byte> memory) override {
            for (std::size_t i = 0; i < memory.size(); ++i)
                memory[i] = static_cast<std::byte>((position + i) / run_size % 251);
            return memory.size();
        }
    } far;
    TestClient client(domain, make_file());
    for (const std::uint64_t place :
         {std::uint64_t{0}, 6 * run_size - 1, 6 * run_size, 40 * MiB, GiB, 3 * TiB}) {
        const std::string expected(1, static_cast<char>(place / run_size % 251));
        EXPECT_EQ(client.read(far, place, 1), expected) << place;
        const int misses = client.misses;
        EXPECT_EQ(client.read(far, place, 1), expected) << place;
        EXPECT_EQ(client.misses, misses);
    }
    EXPECT_EQ(client.read(far, 32 * MiB - 2, 4), std::string("\x09\x09\x0a\x0a"));
}

TEST_F(FewPages, are_taken_for_other_content_in_turn) {
    const std::string content = bytes_of(8 * MiB, 10);
    TestFile file(content);
    TestClient client(domain, make_file());
    for (int round = 0; round < 2; ++round) {
        for (std::size_t place = 0; place < content.size(); place += 100'000)
            ASSERT_EQ(client.read(file, place, 100'000), content.substr(place, 100'000));
    }
    const auto counters = pool->counters();
    EXPECT_LE(counters.segment_bytes, 2 * MiB);
    EXPECT_GT(counters.recycled, 100u);
    EXPECT_LE(counters.runs, 32u);
}

TEST_F(FewPages, that_are_asked_for_often_stay_longer) {
    const std::string content = bytes_of(16 * MiB, 11);
    TestFile file(content);
    const auto pages = make_file();
    // One run is asked for between those of a long walk, so that it would go each time.
    int kept = 0;
    std::uint64_t place = run_size;
    for (int i = 0; i < 7; ++i) {
        const int before = file.reads;
        ASSERT_TRUE(pages->bring_in({}, 0, 1, file));
        if (file.reads == before) ++kept;
        for (int k = 0; k < 35; ++k, place += run_size)
            ASSERT_TRUE(pages->bring_in({}, place, 1, file));
    }
    EXPECT_GE(kept, 2);
}

TEST_F(FewPages, of_many_files_share_what_there_is) {
    std::vector<std::shared_ptr<FilePages>> files;
    TestFile file(bytes_of(run_size, 12));
    for (int i = 0; i < 500; ++i) {
        files.push_back(make_file());
        ASSERT_TRUE(files.back()->bring_in({}, 0, 1, file));
    }
    EXPECT_LE(pool->counters().segment_bytes, 2 * MiB);
    TestClient first(domain, files.front());
    EXPECT_EQ(first.read(file, 0, 50), bytes_of(run_size, 12).substr(0, 50));
    files.clear();
}

TEST_F(FewPages, are_there_for_a_domain_that_comes_late_and_refused_when_none_are_left) {
    TestFile file(bytes_of(8 * MiB, 13));
    std::vector<std::shared_ptr<FilePages>> files;
    std::size_t served = 0;
    for (int i = 0; i < 20; ++i) {
        const auto late = pool->make_domain();
        auto pages = late->make_file();
        if (!pages) {
            EXPECT_EQ(pages.error(), std::errc::not_enough_memory);
            continue;
        }
        files.push_back(*std::move(pages));
        bool refused = false;
        for (std::uint64_t place = 0; place < 8 * MiB && !refused; place += run_size)
            refused = !files.back()->bring_in({}, place, 1, file);
        if (!refused) ++served;
    }
    EXPECT_GE(served, 2u);
    EXPECT_LT(served, 20u);
    EXPECT_LE(pool->counters().segment_bytes, 2 * MiB);
}

TEST(Pools, give_back_what_a_domain_had) {
    const auto pool = *PagePool::create({});
    TestFile file(bytes_of(MiB, 14));
    {
        const auto domain = pool->make_domain();
        TestClient client(domain, *domain->make_file());
        client.read(file, 0, MiB);
        EXPECT_EQ(pool->counters().domains, 1u);
        EXPECT_GT(pool->counters().segment_bytes, 0u);
    }
    const auto counters = pool->counters();
    EXPECT_EQ(counters.domains, 0u);
    EXPECT_EQ(counters.segments, 0u);
    EXPECT_EQ(counters.segment_bytes, 0u);
    EXPECT_EQ(PagePool::create({.budget = MiB}).error(), std::errc::invalid_argument);
}

}  // namespace
}  // namespace quire::paging
