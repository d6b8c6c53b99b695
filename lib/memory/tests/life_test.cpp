// SPDX-License-Identifier: MIT

// Whether readers hear that the server is gone, without asking.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/kit.hpp"

namespace quire::paging {
namespace {

const std::atomic<std::uint32_t>& life_of(const Domain& domain) {
    return *reinterpret_cast<const std::atomic<std::uint32_t>*>(
        (*domain.segment(life_segment))->data());
}

TEST(Life, ends_with_the_pool) {
    auto pool = *PagePool::create({});
    auto domain = pool->make_domain();
    const auto segment = *domain->segment(life_segment);
    MemoryMap map;
    EXPECT_TRUE(map.server_lives()) << "who knows";
    ASSERT_TRUE(map.add(life_segment, segment->fd(), segment->size()));
    EXPECT_TRUE(map.server_lives());
    EXPECT_NE(life_of(*domain), 0u);
    pool.reset();
    EXPECT_TRUE(map.server_lives()) << "the domain goes on";
    domain.reset();
    EXPECT_FALSE(map.server_lives());
}

TEST(Life, ends_when_the_process_is_killed) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    MemoryMap map;
    const pid_t child = ::fork();
    if (child == 0) {
        // The child is the server; its segment comes by way of its descriptor table.
        const auto pool = PagePool::create({});
        if (!pool) ::_exit(1);
        const auto domain = (*pool)->make_domain();
        const int number = (*domain->segment(life_segment))->fd();
        if (::write(ends[1], &number, sizeof(number)) != sizeof(number)) ::_exit(2);
        while (true) ::pause();
    }
    ASSERT_GT(child, 0);
    int number = -1;
    ASSERT_EQ(::read(ends[0], &number, sizeof(number)), static_cast<ssize_t>(sizeof(number)));
    const std::string path = "/proc/" + std::to_string(child) + "/fd/" + std::to_string(number);
    const int segment = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(segment, 0);
    ASSERT_TRUE(map.add(life_segment, segment, life_segment_size));
    EXPECT_TRUE(map.server_lives());
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_FALSE(map.server_lives());
    ::close(segment);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(Life, is_asked_for_by_every_read) {
    auto pool = *PagePool::create({});
    auto domain = pool->make_domain();
    TestFile file("content");
    auto pages = *domain->make_file();
    std::optional<TestClient> client(std::in_place, domain, pages);
    client->read(file, 0, 7);
    const PageReader reader = client->reader();
    client.reset();
    pages.reset();
    pool.reset();
    domain.reset();
    std::string buffer(7, '?');
    const auto attempt = reader.read(0, std::as_writable_bytes(std::span(buffer)));
    EXPECT_EQ(attempt.outcome, PageReader::Outcome::died);
}

}  // namespace
}  // namespace quire::paging
