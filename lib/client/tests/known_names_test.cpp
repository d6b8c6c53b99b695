// SPDX-License-Identifier: MIT

// Names and attributes that are found in memory: without messages and system calls once somebody has
// asked for them, and never older than what anybody was told.

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "paged_ground.hpp"

namespace quire::client {
namespace {

using KnownNames = PagedGround;
INSTANTIATE_TEST_SUITE_P(Remote, KnownNames, ::testing::Values(Way::remote), name_of_way);

/// Makes a context look into memory: it does after some questions.
void warm_up(Context& context) {
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(context.stat("/"));
}

TEST_P(KnownNames, are_found_without_messages) {
    for (const char* path : {"a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e"})
        ASSERT_TRUE(context->mkdir(path));
    make("a/b/c/d/e/file", "content");
    ASSERT_TRUE(context->symlink("b/c", "a/link"));
    warm_up(*context);
    const auto first = *context->stat("a/b/c/d/e/file");
    const auto through_link = *context->stat("a/link/d/e/file");
    const auto of_link = *context->lstat("a/link");
    EXPECT_EQ(code_of(context->stat("a/b/nothing")), std::errc::no_such_file_or_directory);
    EXPECT_EQ(*context->readlink("a/link"), "b/c");
    EXPECT_EQ(content("a/b/c/d/e/file"), "content");

    const std::uint64_t before = messages();
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_EQ(context->stat("a/b/c/d/e/file"), first);
        ASSERT_EQ(code_of(context->stat("a/b/nothing")), std::errc::no_such_file_or_directory);
    }
    EXPECT_EQ(context->stat("a/link/d/e/file"), through_link);
    EXPECT_EQ(context->lstat("a/link"), of_link);
    EXPECT_EQ(*context->readlink("a/link"), "b/c");
    EXPECT_EQ(content("a/b/c/d/e/file"), "content");
    EXPECT_EQ(content("a/link/d/e/file"), "content");
    EXPECT_TRUE(context->access("a/b/c/d/../d/e/file", F_OK));
    EXPECT_TRUE(context->stat("/"));
    EXPECT_EQ(messages(), before);
    EXPECT_EQ(first.size, 7u);
    EXPECT_EQ(of_link.type, protocols::FileType::symbolic_link);
}

TEST_P(KnownNames, are_found_without_system_calls) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers make system calls of their own";
#endif
    ASSERT_TRUE(context->mkdir("a"));
    make("a/file", "content");
    warm_up(*context);
    ASSERT_TRUE(context->stat("a/file"));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        (void)context->stat("a/file");
        if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) ::_exit(1);
        char result = 'y';
        for (int i = 0; i < 10'000; ++i)
            if (!context->stat("a/file")) result = 'n';
        (void)!::write(ends[1], &result, 1);
        ::syscall(SYS_exit, 0);
    }
    ASSERT_GT(child, 0);
    ::close(ends[1]);
    char result = '-';
    EXPECT_EQ(::read(ends[0], &result, 1), 1) << "it was killed";
    EXPECT_EQ(result, 'y');
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
}

// Whatever somebody else does, by whatever way, the next question is answered rightly.
TEST_P(KnownNames, are_never_older_than_what_anybody_was_told) {
    Context other = *Context::create(opener());
    ASSERT_TRUE(context->mkdir("d"));
    ASSERT_TRUE(context->mkdir("d/sub"));
    make("d/f", "first");
    make("d/g", "g");
    make("d/sub/h", "h");
    warm_up(*context);
    const auto size = [&](std::string_view path) {
        const auto found = context->stat(path);
        return found ? static_cast<std::int64_t>(found->size) : -1;
    };
    const auto know_all = [&] {
        for (const char* path : {"d", "d/f", "d/g", "d/sub/h", "d/new", "d/sub/f", "e", "e/f"})
            (void)context->stat(path);
        (void)context->read_file("d/f");
    };

    know_all();
    File writer = *other.open("d/f", "r+");
    ASSERT_TRUE(writer.pwrite(0, bytes_of("second, longer")));
    ASSERT_TRUE(writer.flush());
    EXPECT_EQ(size("d/f"), 14);
    EXPECT_EQ(content("d/f"), "second, longer");

    know_all();
    ASSERT_TRUE(other.truncate("d/f", 3));
    EXPECT_EQ(content("d/f"), "sec");
    know_all();
    ASSERT_TRUE(other.chmod("d/f", 0600));
    EXPECT_EQ(context->stat("d/f")->permissions, 0600);
    know_all();
    ASSERT_TRUE(other.set_extended_attribute("d/f", "user.x", bytes_of("x")));
    ASSERT_TRUE(other.utimens("d/f", {}, {}));
    know_all();
    ASSERT_TRUE(other.link("d/f", "d/new"));
    EXPECT_EQ(context->stat("d/f")->links, 2u);
    EXPECT_EQ(context->stat("d/new")->links, 2u);
    know_all();
    ASSERT_TRUE(other.remove("d/new"));
    EXPECT_EQ(size("d/new"), -1);
    EXPECT_EQ(context->stat("d/f")->links, 1u);
    know_all();
    ASSERT_TRUE(other.rename("d/f", "d/sub/f"));
    EXPECT_EQ(size("d/f"), -1);
    EXPECT_EQ(size("d/sub/f"), 3);
    know_all();
    ASSERT_TRUE(other.rename("d", "e"));
    EXPECT_EQ(size("d/sub/f"), -1);
    EXPECT_EQ(size("d/g"), -1);
    EXPECT_EQ(size("e/sub/f"), 3);
    know_all();
    ASSERT_TRUE(other.symlink("e", "d"));
    EXPECT_EQ(size("d/sub/f"), 3);
    know_all();
    ASSERT_TRUE(other.rename("e/g", "e/sub/f", protocols::rename_exchange));
    EXPECT_EQ(size("d/sub/f"), 1);
    EXPECT_EQ(size("d/g"), 3);
    know_all();
    ASSERT_TRUE(other.remove("d"));
    EXPECT_EQ(size("d/g"), -1);

    // By the tree, beside all sessions.
    know_all();
    const auto node = *tree->walk(fs::Call::as_root(), *Path::parse("e/g"));
    ASSERT_TRUE(tree->set_attributes(fs::Call::as_root(), node, {.size = 100}));
    EXPECT_EQ(size("e/g"), 100);
    const auto directory = *tree->walk(fs::Call::as_root(), *Path::parse("e"));
    ASSERT_TRUE(tree->remove(fs::Call::as_root(), directory, *Name::parse("g")));
    EXPECT_EQ(size("e/g"), -1);
}

// Who may not search a directory any more is told so, whatever was found in it before.
TEST_P(KnownNames, are_known_to_those_who_may_search_for_them) {
    ASSERT_TRUE(context->mkdir("d", 0755));
    make("d/f", "content");
    ASSERT_TRUE(context->chmod("d/f", 0644));
    const auto user_of = [](std::uint32_t uid) {
        return fs::Credentials{.uid = uid, .gid = uid, .groups = {}, .umask = 0, .pid = 0};
    };
    Context user = *Context::create(opener(user_of(1000)));
    warm_up(user);
    ASSERT_TRUE(user.stat("d/f"));
    ASSERT_TRUE(user.read_file("d/f"));
    ASSERT_TRUE(context->chmod("d", 0700));
    EXPECT_EQ(code_of(user.stat("d/f")), std::errc::permission_denied);
    EXPECT_EQ(code_of(user.read_file("d/f")), std::errc::permission_denied);
    EXPECT_EQ(code_of(user.stat("d/nothing")), std::errc::permission_denied);
    ASSERT_TRUE(context->chmod("d", 0711));
    ASSERT_TRUE(user.read_file("d/f"));
    ASSERT_TRUE(context->chmod("d/f", 0600));
    EXPECT_TRUE(user.stat("d/f"));
    EXPECT_EQ(code_of(user.read_file("d/f")), std::errc::permission_denied);
    // Another user has another table.
    Context another = *Context::create(opener(user_of(1001)));
    warm_up(another);
    ASSERT_TRUE(context->chmod("d", 0700));
    ASSERT_TRUE(context->chown("d", 1000, 1000));
    EXPECT_TRUE(user.stat("d/f"));
    EXPECT_EQ(code_of(another.stat("d/f")), std::errc::permission_denied);
}

TEST_P(KnownNames, hold_nothing_that_has_been_removed) {
    ASSERT_TRUE(context->mkdir("d"));
    make("d/f", std::string(1 * MiB, 'f'));
    warm_up(*context);
    ASSERT_TRUE(context->stat("d/f"));
    EXPECT_EQ(code_of(context->stat("d/nothing")), std::errc::no_such_file_or_directory);
    const auto used = [&] { return *context->statistics(); };
    const auto before = used();
    ASSERT_TRUE(context->remove("d/f"));
    ASSERT_TRUE(context->rmdir("d"));
    EXPECT_GE(used().free_blocks, before.free_blocks);
    EXPECT_EQ(used().free_inodes, before.free_inodes + 2);
}

// A small file that was opened without a message is open: what becomes of its name, its permissions and
// its content is seen as through any open file.
class Leases : public PagedGround {
protected:
    void SetUp() override {
        ASSERT_TRUE(context->mkdir("d", 0755));
        make("d/f", "content");
        ASSERT_TRUE(context->chmod("d/f", 0644));
        warm_up(*context);
        know();
        // The first one tells the server where the words are.
        (void)open("d/f", "r");
    }
    void know() {
        File file = open("d/f", "r");
        EXPECT_EQ(read(file, 100), content_now);
    }
    std::string all_of(File& file) {
        EXPECT_TRUE(file.seek(0, Whence::set));
        file.forget_read();
        return read(file, 100);
    }
    std::string content_now = "content";
};
INSTANTIATE_TEST_SUITE_P(Remote, Leases, ::testing::Values(Way::remote), name_of_way);

TEST_P(Leases, open_read_and_close_without_messages) {
    const std::uint64_t before = messages();
    for (int i = 0; i < 1000; ++i) {
        File file = open("d/f", "r");
        ASSERT_EQ(file.opened_attributes().size, 7u);
        ASSERT_EQ(read(file, 100), "content");
        ASSERT_EQ(read(file, 100), "");
        ASSERT_EQ(*file.seek(0, Whence::set), 0u);
        ASSERT_TRUE(file.attributes());
        ASSERT_TRUE(file.close());
    }
    EXPECT_EQ(messages(), before);
    wait_until_open_there(0);
    // More than there are words for.
    std::vector<File> many;
    for (int i = 0; i < 600; ++i) {
        many.push_back(open("d/f", "r"));
        ASSERT_EQ(read(many.back(), 100), "content");
    }
    EXPECT_GT(messages(), before);
    many.clear();
    const std::uint64_t then = messages();
    (void)open("d/f", "r");
    EXPECT_EQ(messages(), then);
}

TEST_P(Leases, see_what_others_do_to_the_file) {
    Context other = *Context::create(opener());
    File file = open("d/f", "r");
    ASSERT_EQ(read(file, 100), "content");
    ASSERT_TRUE(other.truncate("d/f", 3));
    EXPECT_EQ(file.attributes()->size, 3u);
    EXPECT_EQ(all_of(file), "con");
    wait_until_open_there(1);  // by now
}

TEST_P(Leases, outlive_the_name) {
    Context other = *Context::create(opener());
    const auto used = [&] { return context->statistics()->free_inodes; };
    // The server's threads let go of what they have called after they have answered.
    const auto wait_until_free = [&](std::uint64_t inodes) {
        while (used() != inodes) std::this_thread::yield();
    };
    const auto before = used();
    {
        File removed = open("d/f", "r");
        ASSERT_TRUE(other.remove("d/f"));
        EXPECT_EQ(used(), before) << "it is open";
        EXPECT_EQ(all_of(removed), "content");
        EXPECT_EQ(removed.attributes()->links, 0u);
    }
    wait_until_free(before + 1);
    make("d/f", "another");
    content_now = "another";
    know();
    wait_until_free(before);
    {
        // One that is not looked at before it is closed.
        File removed = open("d/f", "r");
        ASSERT_TRUE(other.remove("d/f"));
        EXPECT_EQ(used(), before);
    }
    wait_until_free(before + 1);
    make("d/f", "third");
    content_now = "third";
    know();
    File moved = open("d/f", "r");
    ASSERT_TRUE(other.rename("d", "e"));
    ASSERT_TRUE(other.mkdir("d"));
    EXPECT_EQ(all_of(moved), "third");
    EXPECT_EQ(code_of(context->open("d/f", "r")), std::errc::no_such_file_or_directory);
}

TEST_P(Leases, are_none_of_a_childs_business) {
    std::optional<File> file = open("d/f", "r");
    const pid_t child = ::fork();
    if (child == 0) {
        file.reset();
        ::_exit(0);
    }
    ASSERT_GT(child, 0);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    Context other = *Context::create(opener());
    const auto before = context->statistics()->free_inodes;
    ASSERT_TRUE(other.remove("d/f"));
    EXPECT_EQ(context->statistics()->free_inodes, before) << "it is open";
    EXPECT_EQ(all_of(*file), "content");
}

TEST_P(Leases, outlive_the_permission_to_open) {
    const fs::Credentials somebody{.uid = 1000, .gid = 1000, .groups = {}, .umask = 0, .pid = 0};
    Context user = *Context::create(opener(somebody));
    warm_up(user);
    const auto open_as_user = [&] {
        File file = *user.open("d/f", "r");
        EXPECT_EQ(read(file, 100), "content");
        return file;
    };
    (void)open_as_user();
    (void)open_as_user();
    wait_until_open_there(0);
    File by_file = open_as_user();
    EXPECT_EQ(files->counters().files, 0u);
    ASSERT_TRUE(context->chmod("d/f", 0600));
    EXPECT_EQ(code_of(user.open("d/f", "r")), std::errc::permission_denied);
    EXPECT_EQ(all_of(by_file), "content");
    ASSERT_TRUE(context->chmod("d/f", 0644));
    (void)open_as_user();
    File by_directory = open_as_user();
    ASSERT_TRUE(context->chmod("d", 0700));
    EXPECT_EQ(code_of(user.open("d/f", "r")), std::errc::permission_denied);
    EXPECT_EQ(all_of(by_directory), "content");
    // What nobody has open is not to be had by its number.
    const auto user_capability = user.capability();
    int had = 0;
    for (std::uint64_t identity = 0; identity < 100; ++identity)
        had += user_capability->open_leased(ipc::Call::forever(), identity).has_value();
    EXPECT_EQ(had, 0);
}

// An empty file is all that a writer has, and no leave to read what will be in it.
TEST_P(Leases, are_not_for_those_who_may_only_write) {
    const fs::Credentials somebody{.uid = 1000, .gid = 1000, .groups = {}, .umask = 0, .pid = 0};
    make("d/box", "");
    ASSERT_TRUE(context->chmod("d/box", 0602));
    Context user = *Context::create(opener(somebody));
    warm_up(user);
    ASSERT_TRUE(user.open("d/box", protocols::open_write));
    EXPECT_EQ(code_of(user.open("d/box", "r")), std::errc::permission_denied);
    EXPECT_EQ(code_of(user.read_file("d/box")), std::errc::permission_denied);
    File writer = open("d/box", "r+");
    ASSERT_TRUE(writer.write(bytes_of("not for everybody")));
    ASSERT_TRUE(writer.close());
    int had = 0;
    for (std::uint64_t identity = 0; identity < 100; ++identity)
        had += user.capability()->open_leased(ipc::Call::forever(), identity).has_value();
    EXPECT_EQ(had, 0);
}

// Many files are opened and read while they are replaced, removed and rewritten: what is open shows one
// whole version, and none that was over before it was opened.
TEST_P(Leases, are_right_in_a_race) {
    constexpr int rounds = 1000;
    std::atomic<int> told = 0;
    std::atomic<bool> done = false;
    std::vector<std::jthread> readers;
    make("d/r", "0");
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&] {
            Context own = *Context::create(opener());
            warm_up(own);
            while (!done) {
                const int before = told;
                auto file = own.open("d/r", "r");
                if (!file) {
                    ASSERT_EQ(code_of(file), std::errc::no_such_file_or_directory);
                    continue;
                }
                const std::string first = read(*file, 100);
                ASSERT_GE(std::stoi("0" + first), before);
                const auto attributes = file->attributes();
                ASSERT_TRUE(attributes) << attributes.error().message();
                // Versions get longer, and so does this one; or it has gone with its name.
                ASSERT_GE(attributes->size, first.size());
            }
        });
    Context changer = *Context::create(opener());
    for (int round = 1; round <= rounds; ++round) {
        File fresh = *changer.open("d/new", "w");
        ASSERT_TRUE(fresh.write(bytes_of(std::to_string(round))));
        ASSERT_TRUE(fresh.close());
        ASSERT_TRUE(round % 2 == 0 || changer.remove("d/r"));
        ASSERT_TRUE(changer.rename("d/new", "d/r"));
        told = round;
    }
    done = true;
    readers.clear();
    wait_until_open_there(0);
}

// Names come and go, and say how often that has been; nobody sees that go back.
TEST_P(KnownNames, do_not_go_back_in_a_race) {
    constexpr int rounds = 1500;
    ASSERT_TRUE(context->mkdir("d"));
    std::atomic<std::uint64_t> told = 0;  // the size that everybody has been told of
    std::atomic<bool> done = false;
    make("d/f", "");
    std::vector<std::jthread> lookers;
    for (int i = 0; i < 3; ++i)
        lookers.emplace_back([&, i] {
            Context own = *Context::create(opener());
            warm_up(own);
            while (!done) {
                const std::uint64_t before = told;
                const auto found = i == 0 ? own.stat("d/f") : own.stat("d/../d/./f");
                if (!found) {
                    ASSERT_EQ(code_of(found), std::errc::no_such_file_or_directory);
                    continue;
                }
                ASSERT_GE(found->size, before);
                if (i != 2) continue;
                const auto whole = own.read_file("d/f");
                ASSERT_TRUE(!whole || whole->size() >= before);
            }
        });
    Context changer = *Context::create(opener());
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        switch (round % 3) {
            case 0:
                ASSERT_TRUE(changer.truncate("d/f", round));
                break;
            case 1: {
                File fresh = *changer.open("d/new", "w");
                ASSERT_TRUE(fresh.write(bytes_of(std::string(round, 'n'))));
                ASSERT_TRUE(fresh.close());
                ASSERT_TRUE(changer.rename("d/new", "d/f"));
                break;
            }
            default:
                ASSERT_TRUE(changer.rename("d/f", "d/away"));
                ASSERT_TRUE(changer.truncate("d/away", round));
                ASSERT_TRUE(changer.rename("d/away", "d/f"));
        }
        told = round;
    }
    done = true;
}

}  // namespace
}  // namespace quire::client
