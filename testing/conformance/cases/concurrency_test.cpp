// SPDX-License-Identifier: MIT

// Several threads at once. What each expects holds however they interleave.

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "suite.hpp"

namespace quire::conformance {
namespace {

class Concurrency : public Conformance {
protected:
    static constexpr int threads = 4;

    /// Runs one function in each thread and waits for all.
    static void together(const std::function<void(int)>& work) {
        std::vector<std::jthread> running;
        for (int i = 0; i < threads; ++i) running.emplace_back([&work, i] { work(i); });
    }
    static void expect(const ::testing::AssertionResult& result) { EXPECT_TRUE(result); }
    static std::string path(const std::string& directory, int thread, int number) {
        return directory + "/" + std::to_string(thread) + "-" + std::to_string(number);
    }
};
INSTANTIATE_TEST_SUITE_P(Volumes, Concurrency, ::testing::ValuesIn(kinds()), kind_name);

TEST_P(Concurrency, files_in_directories_of_their_own) {
    together([&](int thread) {
        const std::string mine = "d" + std::to_string(thread);
        EXPECT_OK(root->mkdir(mine, 0755));
        for (int i = 0; i < 40; ++i) EXPECT_OK(root->make_file(path(mine, thread, i), 0600));
        for (int i = 0; i < 40; i += 2) EXPECT_OK(root->unlink(path(mine, thread, i)));
    });
    for (int thread = 0; thread < threads; ++thread)
        EXPECT_EQ(names("d" + std::to_string(thread)).size(), 20U);
}

TEST_P(Concurrency, names_of_one_directory) {
    directory("d");
    together([&](int thread) {
        for (int i = 0; i < 60; ++i) {
            EXPECT_OK(root->make_file(path("d", thread, i), 0600));
            if (i >= 10) {
                EXPECT_OK(root->unlink(path("d", thread, i - 10)));
            }
        }
    });
    EXPECT_EQ(names("d").size(), std::size_t{threads * 10});
}

TEST_P(Concurrency, one_of_many_makes_a_name) {
    for (int round = 0; round < 25; ++round) {
        std::atomic<int> made = 0;
        const std::string path = "f" + std::to_string(round);
        together([&](int) {
            const auto done = root->make_file(path, 0600);
            if (done)
                ++made;
            else
                expect(fails(EEXIST, done));
        });
        EXPECT_EQ(made, 1);
    }
}

TEST_P(Concurrency, one_of_many_removes_a_name) {
    for (int round = 0; round < 25; ++round) {
        std::atomic<int> removed = 0;
        file("f");
        together([&](int) {
            const auto done = root->unlink("f");
            if (done)
                ++removed;
            else
                expect(fails(ENOENT, done));
        });
        EXPECT_EQ(removed, 1);
    }
}

TEST_P(Concurrency, replaced_name_is_always_there) {
    file("f", "0");
    std::atomic<bool> done = false;
    std::jthread reader([&] {
        while (!done) {
            const auto opened = root->open("f", {});
            EXPECT_OK(opened);
            if (opened) {
                EXPECT_EQ((*opened)->read(0, 10).value_or("?").size(), 1U);
            }
        }
    });
    for (int i = 0; i < 60; ++i) {
        file("new", std::to_string(i % 10));
        EXPECT_OK(root->rename("new", "f"));
    }
    done = true;
    reader.join();
    EXPECT_EQ(content("f"), "9");
}

TEST_P(Concurrency, directories_move_around_each_other) {
    for (const char* path : {"a", "b", "a/x", "b/y"}) directory(path);
    // None of these may ever succeed in making a circle.
    together([&](int thread) {
        for (int i = 0; i < 40; ++i) {
            const auto done =
                thread % 2 == 0 ? root->rename("a", "b/y/a") : root->rename("b", "a/x/b");
            if (!done) {
                EXPECT_TRUE(fails(ENOENT, done) || fails(EINVAL, done) || fails(ENOTEMPTY, done));
            }
            (void)root->rename("b/y/a", "a");
            (void)root->rename("a/x/b", "b");
        }
    });
    EXPECT_TRUE(exists("a") || exists("b"));
    EXPECT_TRUE(exists("a/x") || exists("b/y/a/x"));
    EXPECT_TRUE(exists("b/y") || exists("a/x/b/y"));
}

TEST_P(Concurrency, exchanges_lose_nothing) {
    for (int i = 0; i < threads; ++i) file("f" + std::to_string(i), std::to_string(i));
    together([&](int thread) {
        for (int i = 0; i < 40; ++i)
            EXPECT_OK(root->rename("f" + std::to_string(thread),
                                   "f" + std::to_string((thread + i) % threads),
                                   {.exchange = true}));
    });
    std::string all;
    for (int i = 0; i < threads; ++i) all += content("f" + std::to_string(i));
    std::ranges::sort(all);
    EXPECT_EQ(all, "0123");
}

TEST_P(Concurrency, writers_of_different_files) {
    for (int i = 0; i < threads; ++i) file("f" + std::to_string(i));
    together([&](int thread) {
        const auto opened = open("f" + std::to_string(thread));
        for (std::uint64_t i = 0; i < 50; ++i)
            EXPECT_OK(opened->write(i * 3000, std::string(3000, static_cast<char>('a' + thread))));
    });
    for (int i = 0; i < threads; ++i)
        EXPECT_TRUE(content("f" + std::to_string(i)) ==
                    std::string(150'000, static_cast<char>('a' + i)));
}

TEST_P(Concurrency, writers_of_parts_of_one_file) {
    file("f");
    const auto opened = open("f");
    together([&](int thread) {
        for (std::uint64_t i = 0; i < 40; ++i)
            EXPECT_OK(opened->write((i * threads + static_cast<std::uint64_t>(thread)) * 1000,
                                    std::string(1000, static_cast<char>('a' + thread))));
    });
    const std::string whole = content("f");
    ASSERT_EQ(whole.size(), 160'000U);
    for (std::size_t i = 0; i < 160; ++i)
        EXPECT_TRUE(whole.substr(i * 1000, 1000) ==
                    std::string(1000, static_cast<char>('a' + i % threads)));
}

TEST_P(Concurrency, readers_see_whole_zeros_or_data_while_a_file_is_cut) {
    file("f");
    std::atomic<bool> done = false;
    std::jthread reader([&] {
        const auto opened = open("f", false);
        while (!done) {
            const std::string bytes = opened->read(0, 20'000).value_or("?");
            for (const char byte : bytes)
                if (byte != 'x' && byte != '\0') {
                    ADD_FAILURE() << "a byte that nobody wrote";
                    return;
                }
        }
    });
    const auto opened = open("f");
    for (int i = 0; i < 60; ++i) {
        EXPECT_OK(opened->write(0, std::string(20'000, 'x')));
        EXPECT_OK(opened->resize(5000));
        EXPECT_OK(opened->resize(15'000));
    }
    done = true;
}

TEST_P(Concurrency, listings_while_names_change_give_what_stays) {
    directory("d");
    for (int i = 0; i < 30; ++i) file("d/stays-" + std::to_string(i));
    std::atomic<bool> done = false;
    std::jthread changer([&] {
        for (int i = 0; !done; ++i) {
            const std::string path = "d/changes-" + std::to_string(i % 50);
            EXPECT_OK(root->make_file(path, 0600));
            EXPECT_OK(root->unlink(path));
        }
    });
    for (int round = 0; round < 30; ++round) {
        const auto listed = root->list("d", 0, 1000);
        EXPECT_OK(listed);
        if (!listed) break;
        EXPECT_EQ(
            std::ranges::count_if(
                *listed, [](const Listed& entry) { return entry.name.starts_with("stays-"); }),
            30);
    }
    done = true;
}

TEST_P(Concurrency, removed_while_opened) {
    std::atomic<bool> done = false;
    std::jthread opener([&] {
        while (!done) {
            const auto opened = root->open("f", {.read = true, .write = true});
            if (!opened) {
                EXPECT_TRUE(fails(ENOENT, opened));
                continue;
            }
            EXPECT_OK((*opened)->write(0, "opened"));
            EXPECT_EQ((*opened)->read(0, 6).value_or("?"), "opened");
        }
    });
    for (int i = 0; i < 60; ++i) {
        EXPECT_OK(root->make_file("f", 0600));
        EXPECT_OK(root->unlink("f"));
    }
    done = true;
}

TEST_P(Concurrency, links_are_counted) {
    file("f");
    together([&](int thread) {
        for (int i = 0; i < 15; ++i) EXPECT_OK(root->link("f", path(".", thread, i)));
        for (int i = 0; i < 10; ++i) EXPECT_OK(root->unlink(path(".", thread, i)));
    });
    EXPECT_EQ(stat("f").links, 1U + threads * 5U);
}

TEST_P(Concurrency, syncs_while_all_is_changing) {
    std::atomic<int> running = threads;
    std::jthread syncer([&] {
        while (running > 0) EXPECT_OK(root->sync());
    });
    together([&](int thread) {
        for (int i = 0; i < 15; ++i) {
            file(path(".", thread, i), std::string(2000, 'x'));
            EXPECT_OK(root->truncate(path(".", thread, i), 100));
        }
        --running;
    });
    EXPECT_EQ(names(".").size(), std::size_t{threads * 15});
}

TEST_P(Concurrency, attributes_of_one_file) {
    NEEDS(traits().user_attributes, "it has no extended attributes");
    file("f");
    together([&](int thread) {
        const std::string name = "user." + std::to_string(thread);
        for (int i = 0; i < 25; ++i) {
            const std::string value = std::to_string(i);
            EXPECT_OK(
                root->set_attribute("f", name, value, fs::SetAttributeMode::either, Follow::no));
            EXPECT_EQ(root->get_attribute("f", name, Follow::no).value_or("?"), value);
            EXPECT_OK(root->chmod("f", static_cast<std::uint16_t>(0600 + thread)));
        }
    });
}

}  // namespace
}  // namespace quire::conformance
