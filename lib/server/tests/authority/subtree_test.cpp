// SPDX-License-Identifier: MIT
//
// Sessions of who holds a subtree, out of which and within which others move things.

#include <gmock/gmock.h>

#include "tests/kit/file_ground.hpp"

namespace quire::server {
namespace {

using protocols::Directory;

constexpr std::errc moved_out{ESTALE};

class SubtreeSessions : public FileGround {
protected:
    SubtreeSessions() {
        for (const char* path : {"jail", "jail/a", "jail/a/b", "outside"})
            EXPECT_TRUE(context->mkdir(in_time, path, 0755));
        file("jail/a/b/f", "content");
        jail = *opener->restrict(in_time, "jail", false);
        jailed = *jail->context(in_time);
    }
    void TearDown() override {
        jailed = {};
        jail = {};
        FileGround::TearDown();
    }

    ipc::Cap<Directory> open_directory(std::string_view path) {
        const auto opened = jailed->open_directory(in_time, path, 1, false);
        EXPECT_TRUE(opened) << path;
        return opened ? opened->directory : ipc::Cap<Directory>();
    }
    void move(std::string_view from, std::string_view to) {
        ASSERT_TRUE(context->rename(in_time, from, to, 0)) << from;
    }
    static void expect_lost(const ipc::Cap<Directory>& directory) {
        for (const bool with_attributes : {false, true})
            EXPECT_EQ(code_of(directory->page(in_time, 0, 0, with_attributes)), moved_out);
        EXPECT_EQ(code_of(directory->attributes(in_time)), moved_out);
    }
    static std::uint32_t entries(const ipc::Cap<Directory>& directory) {
        const auto page = directory->page(in_time, 0, 0, true);
        EXPECT_TRUE(page) << page.error().message();
        return page ? page->count : 0;
    }

    ipc::Cap<Opener> jail;
    ipc::Cap<OpenerContext> jailed;
};

TEST_F(SubtreeSessions, of_directories_end_where_they_are_moved_out) {
    const auto a = open_directory("a");
    const auto b = open_directory("a/b");
    move("jail/a", "outside/a");
    file("outside/a/secret");
    expect_lost(a);
    expect_lost(b);
    EXPECT_EQ(code_of(jailed->open_directory(in_time, "a", 0, true)),
              std::errc::no_such_file_or_directory);
    // Who may go there goes on.
    EXPECT_EQ(entries(context->open_directory(in_time, "outside/a", 1, false)->directory), 2u);
    move("outside/a", "jail/again");
    EXPECT_EQ(entries(a), 2u);
    EXPECT_EQ(entries(b), 1u);
    EXPECT_TRUE(b->attributes(in_time));
}

TEST_F(SubtreeSessions, of_directories_stay_wherever_they_are_moved_within) {
    const auto b = open_directory("a/b");
    move("jail/a/b", "jail/b");
    EXPECT_EQ(entries(b), 1u);
    move("jail/a", "jail/b/a");
    EXPECT_EQ(entries(b), 2u);
    ASSERT_TRUE(context->remove_directory(in_time, "jail/b/a"));
    ASSERT_TRUE(context->remove(in_time, "jail/b/f"));
    ASSERT_TRUE(context->remove_directory(in_time, "jail/b"));
    EXPECT_EQ(b->page(in_time, 0, 0, false)->count, 0u) << "what was removed is nowhere";
}

TEST_F(SubtreeSessions, show_nothing_of_what_is_moved_out_while_it_is_listed) {
    const auto a = open_directory("a");
    int listed = 0;
    const Hooked hooked = set_hook([&](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation == fs::Operation::readdir && ++listed == 1) {
            EXPECT_TRUE(context->rename(in_time, "jail/a", "outside/a", 0));
            EXPECT_TRUE(context->mkdir(in_time, "outside/a/secret", 0755));
        }
        return {};
    });
    EXPECT_EQ(code_of(a->page(in_time, 0, 0, true)), moved_out);
    EXPECT_EQ(listed, 1);
}

TEST_F(SubtreeSessions, of_files_stay_open_wherever_their_names_go) {
    const auto held = jailed->open(in_time, "a/b/f", to_write, 0, 0)->file;
    const auto reader = jailed->open(in_time, "a/b/f", to_read, 0, 0)->file;
    move("jail/a", "outside/a");
    move("outside/a/b/f", "outside/g");
    EXPECT_EQ(text_of(*reader->read(in_time, 0, 100)), "content");
    ASSERT_TRUE(held->write(in_time, 0, bytes_of("CON")));
    EXPECT_EQ(content("outside/g"), "CONtent");
    EXPECT_EQ(reader->attributes(in_time)->size, 7u);
    EXPECT_EQ(code_of(reader->write(in_time, 0, bytes_of("x"))), std::errc::bad_file_descriptor);
    EXPECT_EQ(code_of(jailed->stat(in_time, "a/b/f", true)), std::errc::no_such_file_or_directory);
}

TEST_F(SubtreeSessions, keep_their_top_wherever_it_is_moved) {
    const auto narrower = *jail->restrict(in_time, "a", false);
    const auto inner = *narrower->context(in_time);
    const auto b = inner->open_directory(in_time, "b", 1, false)->directory;
    const auto top = inner->open_directory(in_time, "/", 1, false)->directory;
    move("jail/a", "outside/a");
    EXPECT_EQ(entries(b), 1u);
    EXPECT_EQ(entries(top), 1u);
    EXPECT_TRUE(inner->stat(in_time, "b/f", true));
    EXPECT_TRUE(inner->mkdir(in_time, "../made", 0755));
    EXPECT_TRUE(context->stat(in_time, "outside/a/made", true));
    EXPECT_EQ(code_of(inner->stat(in_time, "../../jail", true)),
              std::errc::no_such_file_or_directory);
    EXPECT_EQ(code_of(jail->restrict(in_time, "a", false)), std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace quire::server
