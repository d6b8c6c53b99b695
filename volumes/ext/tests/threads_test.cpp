// SPDX-License-Identifier: MIT

#include <atomic>
#include <thread>

#include "support.hpp"

namespace quire::ext::tests {
namespace {

std::string content_of(int thread, int round) {
    return std::string(static_cast<std::size_t>(1000 + 7000 * (round % 5)),
                       static_cast<char>('a' + thread * 5 + round % 5));
}

TEST(Threads, work_side_by_side_and_commits_come_in_between) {
    SKIP_WITHOUT("mke2fs");
    for (const Kind& kind :
         {Kind{"ext4", "-t ext4 -b 1024", "32M"}, Kind{"ext2", "-t ext2 -b 1024", "32M"}}) {
        Image image(kind);
        {
            Session shared = Session::open(image, steady());
            ASSERT_OK(shared.create("common", std::string(100'000, '-')));
            std::atomic<int> working = 4;
            std::vector<std::thread> threads;
            for (int id = 0; id < 4; ++id)
                threads.emplace_back([&, id] {
                    Session session = shared;
                    const std::string mine = "dir" + std::to_string(id);
                    EXPECT_OK(session.mkdir(mine));
                    for (int round = 0; round < 30; ++round) {
                        const std::string path = mine + "/" + std::to_string(round);
                        EXPECT_OK(session.create(path, content_of(id, round)));
                        EXPECT_TRUE(session.read(path).value() == content_of(id, round));
                        EXPECT_OK(session.write("common", static_cast<std::uint64_t>(id) * 25'000,
                                                std::string(25'000, static_cast<char>('0' + id))));
                        if (round % 3 == 0) {
                            EXPECT_OK(session.rename(path, mine + "/moved"));
                        } else if (round % 4 == 1) {
                            EXPECT_OK(session.remove(path));
                        }
                    }
                    --working;
                });
            threads.emplace_back([&] {
                Session session = shared;
                while (working > 0) {
                    EXPECT_OK(session->sync(session.call()));
                    EXPECT_OK(session.list(""));
                }
            });
            for (std::thread& thread : threads) thread.join();
            std::string expected;
            for (int id = 0; id < 4; ++id)
                expected += std::string(25'000, static_cast<char>('0' + id));
            EXPECT_TRUE(shared.read("common").value() == expected);
            ASSERT_OK(shared.unmount());
        }
        EXPECT_TRUE(clean(image));
    }
}

}  // namespace
}  // namespace quire::ext::tests
