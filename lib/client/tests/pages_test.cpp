// SPDX-License-Identifier: MIT

// Content that is found in memory: without messages, system calls and faults once it has been
// there, and never older than what anybody was told.

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "paged_ground.hpp"

namespace quire::client {
namespace {

using Pages = PagedGround;
INSTANTIATE_TEST_SUITE_P(Remote, Pages, ::testing::Values(Way::remote), name_of_way);

/// A file whose warm reads are to be counted.
struct WarmFile {
    WarmFile(File& its_file, std::size_t its_size) : file(its_file), size(its_size) {
        for (std::size_t place = 0; place < size; place += buffer.size())
            EXPECT_EQ(file.pread(place, buffer), buffer.size());
    }
    /// Whether all reads were whole.
    bool read(int times) {
        std::mt19937 random(7);
        bool whole = true;
        for (int i = 0; i < times; ++i) {
            const std::uint64_t place = random() % (size - buffer.size());
            const auto got = file.pread(place, buffer);
            whole = whole && got && *got == buffer.size();
        }
        return whole;
    }

    File& file;
    std::size_t size;
    std::array<std::byte, 4096> buffer{};
};

TEST_P(Pages, that_are_warm_are_read_without_messages_and_faults) {
    constexpr std::size_t size = 16 * MiB;
    make("f", pattern(size));
    File file = open("f", "r");
    WarmFile warm(file, size);
    EXPECT_TRUE(warm.read(100));
    const std::uint64_t before = messages();
    rusage first{};
    rusage last{};
    ::getrusage(RUSAGE_SELF, &first);
    EXPECT_TRUE(warm.read(10'000));
    ::getrusage(RUSAGE_SELF, &last);
    EXPECT_EQ(messages(), before);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_EQ(last.ru_minflt - first.ru_minflt + last.ru_majflt - first.ru_majflt, 0);
#endif
}

// In a thread that may make no system call but read, write and exit.
TEST_P(Pages, that_are_warm_are_read_without_system_calls) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers make system calls of their own";
#endif
    constexpr std::size_t size = 16 * MiB;
    make("f", pattern(size));
    File file = open("f", "r");
    WarmFile warm(file, size);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    // The program would be killed for a thread; so it is another one.
    const pid_t child = ::fork();
    if (child == 0) {
        // The memory of a child is its own: what is touched for the first time is brought in.
        warm.read(100);
        if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) ::_exit(1);
        const char result = warm.read(10'000) ? 'y' : 'n';
        (void)!::write(ends[1], &result, 1);
        ::syscall(SYS_exit, 0);
    }
    ASSERT_GT(child, 0);
    ::close(ends[1]);
    char result = '-';
    EXPECT_EQ(::read(ends[0], &result, 1), 1) << "it was killed";
    EXPECT_EQ(result, 'y');
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    ::close(ends[0]);
}

TEST_P(Pages, are_brought_in_by_few_messages_where_reading_is_in_sequence) {
    constexpr std::size_t size = 48 * MiB;
    const std::string all = pattern(size);
    make("f", all);
    File file = open("f", "r");
    get(file, 1, 1);  // makes the map
    ASSERT_TRUE(file.seek(0, Whence::set));
    const std::uint64_t before = messages();
    std::string buffer(8192, '?');
    for (std::size_t place = 0; place < size; place += buffer.size()) {
        ASSERT_EQ(file.read(std::as_writable_bytes(std::span(buffer))), buffer.size());
        ASSERT_TRUE(buffer == std::string_view(all).substr(place, buffer.size())) << place;
    }
    // Two for a call; segments are mapped by calls too.
    EXPECT_LE((messages() - before) / 2, size / (2 * MiB));
}

TEST_P(Pages, are_not_brought_in_ahead_where_reading_is_at_random) {
    make("f", pattern(16 * MiB));
    File file = open("f", "r");
    for (const std::uint64_t place : {9 * MiB, 2 * MiB, 14 * MiB, 5 * MiB}) get(file, place, 100);
    EXPECT_EQ(pool->counters().filled, 4u);
}

TEST_P(Pages, are_the_same_for_all_contexts_of_one_identity) {
    make("f", pattern(4 * MiB));
    File file = open("f", "r");
    get(file, 0, 4 * MiB);
    Context other = *Context::create(opener());
    File again = *other.open("f", "r", {});
    const auto filled = pool->counters().filled;
    EXPECT_TRUE(get(again, 0, 4 * MiB) == pattern(4 * MiB));
    EXPECT_EQ(pool->counters().filled, filled);
    EXPECT_EQ(pool->counters().domains, 1u);
}

TEST_P(Pages, show_what_others_have_written_at_once) {
    make("f", pattern(MiB));
    File reader = open("f", "r", {.buffered = false});
    get(reader, 0, MiB);
    Context other = *Context::create(opener());
    File writer = *other.open("f", "r+", {.buffered = false});
    for (int i = 0; i < 200; ++i) {
        const std::string text = "turn " + std::to_string(i) + ".";
        const std::uint64_t place = static_cast<std::uint64_t>(i) * 5003;
        ASSERT_TRUE(writer.pwrite(place, bytes_of(text)));
        ASSERT_EQ(get(reader, place, text.size()), text);
    }
    ASSERT_TRUE(writer.truncate(1000));
    EXPECT_EQ(get(reader, 990, 100).size(), 10u);
    ASSERT_TRUE(writer.truncate(200'000));
    EXPECT_EQ(get(reader, 990, 100).substr(10), std::string(90, '\0'));
    ASSERT_TRUE(writer.allocate(protocols::AllocateMode::zero_range, 0, 100));
    EXPECT_EQ(get(reader, 0, 100), std::string(100, '\0'));
    // Through the tree, as other front ends do.
    const fs::Call root = fs::Call::as_root();
    const auto found = *tree->find(root, tree->root(), *Name::parse("f"));
    const auto direct = *tree->open(root, found.node, {.read = true, .write = true});
    ASSERT_TRUE(direct->write_all(root, 50'000, bytes_of("by the tree")));
    EXPECT_EQ(get(reader, 50'000, 11), "by the tree");
    fs::AttributeChanges cut;
    cut.size = 7;
    ASSERT_TRUE(tree->set_attributes(root, found.node, cut));
    EXPECT_EQ(get(reader, 0, 100).size(), 7u);
}

TEST_P(Pages, of_places_that_are_too_far_are_read_by_message) {
    constexpr std::uint64_t far = 100 * TiB;
    make("f", "begin");
    File file = open("f", "r+", {.buffered = false});
    ASSERT_TRUE(file.pwrite(far, bytes_of("far")));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(get(file, far, 10), "far");
        EXPECT_EQ(get(file, 32 * TiB - 2, 4), std::string(4, '\0'));
        EXPECT_EQ(get(file, 0, 6), std::string("begin\0", 6));
        EXPECT_EQ(get(file, far, 0), "");
    }
}

TEST_P(Pages, of_a_file_without_a_name_go_on) {
    make("f", pattern(MiB));
    File file = open("f", "r");
    get(file, 0, MiB);
    ASSERT_TRUE(context->remove("f"));
    make("f", "another");
    EXPECT_TRUE(get(file, 0, MiB) == pattern(MiB));
    File other = open("f", "r");
    EXPECT_EQ(get(other, 0, 100), "another");
}

/// Of a client with other rights.
class PagesOfUsers : public Pages {
protected:
    static fs::Credentials user(std::uint32_t uid) {
        fs::Credentials who;
        who.uid = uid;
        who.gid = uid;
        return who;
    }
    void set_mode(const char* path, std::uint16_t mode) {
        EXPECT_TRUE(context->set_attributes(path, change_of_permissions(mode)));
    }
    /// Everything that a client can see who maps all there is.
    bool memory_holds(Context& who, std::string_view text) {
        for (std::uint32_t number = 1;; ++number) {
            const auto segment = who.capability()->segment(ipc::Call::forever(), number);
            if (!segment) return false;
            void* const place =
                ::mmap(nullptr, segment->size(), PROT_READ, MAP_SHARED, segment->fd(), 0);
            EXPECT_NE(place, MAP_FAILED);
            const bool found =
                ::memmem(place, segment->size(), text.data(), text.size()) != nullptr;
            ::munmap(place, segment->size());
            if (found) return true;
        }
    }
};
INSTANTIATE_TEST_SUITE_P(Remote, PagesOfUsers, ::testing::Values(Way::remote), name_of_way);

TEST_P(PagesOfUsers, are_not_seen_by_those_who_may_not_read_the_file) {
    make("secret", "what only root may read");
    set_mode("secret", 0600);
    make("open", "what everybody may read");
    set_mode("open", 0644);
    File secret = open("secret", "r");
    EXPECT_EQ(get(secret, 0, 100), "what only root may read");
    Context theirs = *Context::create(opener(user(1000)));
    EXPECT_EQ(code_of(theirs.open("secret", "r", {})), std::errc::permission_denied);
    File file = *theirs.open("open", "r", {.buffered = false});
    EXPECT_EQ(get(file, 0, 100), "what everybody may read");
    EXPECT_TRUE(memory_holds(theirs, "what everybody may read"));
    EXPECT_FALSE(memory_holds(theirs, "what only root may read"));
    EXPECT_TRUE(memory_holds(*context, "what only root may read"));
}

TEST_P(PagesOfUsers, go_when_the_right_to_read_the_file_does) {
    make("f", "once for everybody");
    set_mode("f", 0644);
    Context theirs = *Context::create(opener(user(1000)));
    Context others = *Context::create(opener(user(1000)));
    File file = *theirs.open("f", "r", {.buffered = false});
    EXPECT_EQ(get(file, 0, 100), "once for everybody");
    EXPECT_TRUE(memory_holds(others, "once for everybody"));
    set_mode("f", 0600);
    EXPECT_FALSE(memory_holds(others, "once for everybody"));
    // Who has it open reads on; what is new in it is not to be seen by the others.
    EXPECT_EQ(get(file, 0, 100), "once for everybody");
    make("f", "what is secret now");
    EXPECT_EQ(get(file, 0, 100), "what is secret now");
    EXPECT_FALSE(memory_holds(others, "what is secret now"));
    EXPECT_FALSE(memory_holds(others, "once for everybody"));
    set_mode("f", 0644);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(get(file, 0, 100), "what is secret now");
    EXPECT_TRUE(memory_holds(others, "what is secret now"));
    // Closed, and only then forbidden.
    ASSERT_TRUE(file.close());
    set_mode("f", 0600);
    EXPECT_FALSE(memory_holds(others, "what is secret now"));
}

TEST_P(PagesOfUsers, of_a_part_of_the_tree_are_shared_with_nobody) {
    ASSERT_TRUE(context->mkdir("part", 0755));
    make("part/f", "in the part");
    const auto whole = opener(user(1000));
    const auto part = *whole->restrict(ipc::Call::forever(), "part", false);
    Context one = *Context::create(part);
    Context other = *Context::create(part);
    File file = *one.open("f", "r", {.buffered = false});
    EXPECT_EQ(get(file, 0, 100), "in the part");
    EXPECT_TRUE(memory_holds(one, "in the part"));
    EXPECT_FALSE(memory_holds(other, "in the part"));
}

class FewPages : public Pages {
protected:
    FewPages() : Pages(2 * MiB) {}
};
INSTANTIATE_TEST_SUITE_P(Remote, FewPages, ::testing::Values(Way::remote), name_of_way);

// Contexts of several threads on files that are much larger than the memory there is, while the
// files change: every byte is one that the file had since the read began.
TEST_P(FewPages, are_right_for_all_who_read_and_write_at_once) {
    constexpr std::size_t file_count = 8;
    constexpr std::size_t file_size = 1 * MiB;
    constexpr std::size_t record = 16;
    std::array<std::atomic<std::uint64_t>, file_count> acknowledged{};
    const auto content = [&](std::size_t number, std::uint64_t turn) {
        std::string text;
        while (text.size() < file_size) text += fmt::format("{:03}:{:011}\n", number, turn);
        return text;
    };
    for (std::size_t i = 0; i < file_count; ++i) make(std::to_string(i), content(i, 0));
    std::vector<ipc::Cap<protocols::Opener>> openers;
    for (int i = 0; i < 5; ++i) openers.push_back(opener());
    std::atomic<bool> done = false;
    std::atomic<int> reads = 0;
    std::vector<std::jthread> threads;
    for (int id = 0; id < 4; ++id) {
        threads.emplace_back([&, id] {
            Context own = *Context::create(openers[id]);
            std::mt19937 random(id);
            std::vector<File> open;
            for (std::size_t i = 0; i < file_count; ++i)
                open.push_back(*own.open(std::to_string(i), "r", {.buffered = false}));
            std::string bytes(32 * record, '?');
            while (!done) {
                const std::size_t number = random() % file_count;
                // A long write is made of several, none of which ends between two borders of runs.
                const std::uint64_t place =
                    random() % (file_size / paging::run_size) * paging::run_size +
                    random() % (paging::run_size / record - 32) * record;
                const std::uint64_t least = acknowledged[number];
                const auto got =
                    open[number].pread(place, std::as_writable_bytes(std::span(bytes)));
                ASSERT_TRUE(got) << got.error().message();
                ASSERT_EQ(*got, bytes.size());
                ++reads;
                for (std::size_t i = 0; i < bytes.size(); i += record) {
                    ASSERT_EQ(bytes.substr(i, 4), fmt::format("{:03}:", number));
                    ASSERT_GE(std::stoull(bytes.substr(i + 4, 11)), least);
                    ASSERT_EQ(bytes.substr(i + 4, 11), bytes.substr(4, 11)) << "it is torn";
                }
            }
        });
    }
    Context own = *Context::create(openers[4]);
    std::vector<File> open;
    for (std::size_t i = 0; i < file_count; ++i)
        open.push_back(*own.open(std::to_string(i), "r+", {.buffered = false}));
    std::mt19937 random(99);
    for (std::uint64_t turn = 1; turn <= 60; ++turn) {
        const std::size_t number = random() % file_count;
        ASSERT_TRUE(open[number].pwrite(0, bytes_of(content(number, turn))));
        acknowledged[number] = turn;
    }
    while (reads < 1000) std::this_thread::yield();
    done = true;
    threads.clear();
    EXPECT_GT(pool->counters().recycled, 0u);
}

}  // namespace
}  // namespace quire::client
