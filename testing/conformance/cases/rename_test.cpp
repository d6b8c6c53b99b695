// SPDX-License-Identifier: MIT

// rename(2) without flags, in every combination.

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(Rename);

TEST_P(Rename, file_gets_its_new_name) {
    file("a", "x");
    const std::uint64_t inode = stat("a").inode;
    EXPECT_OK(root->rename("a", "b"));
    EXPECT_FALSE(exists("a"));
    EXPECT_EQ(content("b"), "x");
    EXPECT_EQ(stat("b").inode, inode);
    EXPECT_EQ(stat("b").links, 1U);
}

TEST_P(Rename, file_moves_to_another_directory) {
    directory("d");
    directory("e");
    file("d/f", "x");
    EXPECT_OK(root->rename("d/f", "e/g"));
    EXPECT_TRUE(names("d").empty());
    EXPECT_EQ(content("e/g"), "x");
}

TEST_P(Rename, everything_can_be_renamed) {
    file("f");
    directory("d");
    directory("to");
    EXPECT_OK(root->symlink("t", "l"));
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_OK(root->mknod("s", 0600, FileType::socket, {}));
    for (const char* name : {"f", "d", "l", "p", "s"}) {
        const fs::Attributes before = stat(name);
        EXPECT_OK(root->rename(name, std::string("to/") + name));
        const fs::Attributes after = stat(std::string("to/") + name);
        EXPECT_EQ(after.type, before.type);
        EXPECT_EQ(after.inode, before.inode);
    }
    EXPECT_EQ(names("to").size(), 5U);
}

TEST_P(Rename, what_is_missing_is_enoent) {
    file("f");
    EXPECT_FAILS(ENOENT, root->rename("none", "x"));
    EXPECT_FAILS(ENOENT, root->rename("none", "f"));
    EXPECT_FAILS(ENOENT, root->rename("none", "none"));
    EXPECT_FAILS(ENOENT, root->rename("f", "none/x"));
    EXPECT_FAILS(ENOENT, root->rename("none/x", "f"));
    EXPECT_TRUE(exists("f"));
}

TEST_P(Rename, through_a_file_is_enotdir) {
    file("f");
    file("g");
    EXPECT_FAILS(ENOTDIR, root->rename("f/x", "y"));
    EXPECT_FAILS(ENOTDIR, root->rename("g", "f/x"));
}

TEST_P(Rename, file_replaces_a_file) {
    file("a", "new");
    file("b", "old");
    EXPECT_OK(root->rename("a", "b"));
    EXPECT_EQ(content("b"), "new");
    EXPECT_EQ(names("."), std::vector<std::string>{"b"});
}

TEST_P(Rename, replaced_file_keeps_its_other_names) {
    file("a", "new");
    file("b", "old");
    EXPECT_OK(root->link("b", "c"));
    EXPECT_OK(root->rename("a", "b"));
    EXPECT_EQ(content("c"), "old");
    EXPECT_EQ(stat("c").links, 1U);
}

TEST_P(Rename, all_but_directories_replace_each_other) {
    for (const char* from : {"file", "link", "fifo"}) {
        for (const char* to : {"file", "link", "fifo"}) {
            SCOPED_TRACE(std::string(from) + " over " + to);
            const auto make = [&](const std::string& path, std::string_view what) {
                EXPECT_OK(what == "file"   ? root->make_file(path, 0644)
                          : what == "link" ? root->symlink("t", path)
                                           : root->mknod(path, 0600, FileType::fifo, {}));
            };
            make("a", from);
            make("b", to);
            const fs::Attributes before = stat("a");
            EXPECT_OK(root->rename("a", "b"));
            EXPECT_EQ(stat("b").inode, before.inode);
            EXPECT_EQ(stat("b").type, before.type);
            EXPECT_OK(root->unlink("b"));
            EXPECT_FALSE(exists("a"));
        }
    }
}

TEST_P(Rename, directory_replaces_an_empty_directory) {
    directory("a");
    file("a/f", "x");
    directory("b");
    const std::uint32_t links = stat(".").links;
    EXPECT_OK(root->rename("a", "b"));
    EXPECT_EQ(content("b/f"), "x");
    EXPECT_EQ(stat(".").links, links - 1);
    EXPECT_EQ(stat("b").links, 2U);
}

TEST_P(Rename, directory_over_a_nonempty_directory_is_enotempty) {
    directory("a");
    directory("b");
    file("b/f");
    EXPECT_FAILS(ENOTEMPTY, root->rename("a", "b"));
    EXPECT_TRUE(exists("a"));
    EXPECT_TRUE(exists("b/f"));
}

TEST_P(Rename, directory_over_anything_else_is_enotdir) {
    directory("d");
    file("f");
    EXPECT_OK(root->symlink("d", "l"));
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    for (const char* name : {"f", "l", "p"}) EXPECT_FAILS(ENOTDIR, root->rename("d", name));
}

TEST_P(Rename, anything_else_over_a_directory_is_eisdir) {
    directory("d");
    file("f");
    EXPECT_OK(root->symlink("d", "l"));
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    for (const char* name : {"f", "l", "p"}) EXPECT_FAILS(EISDIR, root->rename(name, "d"));
    file("d/x");
    EXPECT_FAILS(EISDIR, root->rename("f", "d"));
}

TEST_P(Rename, to_its_own_name_does_nothing) {
    file("f", "x");
    directory("d");
    file("d/g");
    EXPECT_OK(root->rename("f", "f"));
    EXPECT_OK(root->rename("d", "d"));
    EXPECT_EQ(content("f"), "x");
    EXPECT_TRUE(exists("d/g"));
}

TEST_P(Rename, over_another_name_of_the_same_file_does_nothing) {
    file("a", "x");
    EXPECT_OK(root->link("a", "b"));
    EXPECT_OK(root->rename("a", "b"));
    EXPECT_TRUE(exists("a"));
    EXPECT_TRUE(exists("b"));
    EXPECT_EQ(stat("a").links, 2U);
}

TEST_P(Rename, over_another_name_in_another_directory_does_nothing) {
    directory("d");
    file("a", "x");
    EXPECT_OK(root->link("a", "d/b"));
    EXPECT_OK(root->rename("a", "d/b"));
    EXPECT_EQ(stat("a").links, 2U);
    EXPECT_EQ(names("d"), std::vector<std::string>{"b"});
}

TEST_P(Rename, directory_below_itself_is_einval) {
    directory("d");
    directory("d/e");
    directory("d/e/f");
    EXPECT_FAILS(EINVAL, root->rename("d", "d/x"));
    EXPECT_FAILS(EINVAL, root->rename("d", "d/e/x"));
    EXPECT_FAILS(EINVAL, root->rename("d", "d/e/f/x"));
    EXPECT_FAILS(EINVAL, root->rename("d", "d/e"));
    EXPECT_TRUE(exists("d/e/f"));
}

TEST_P(Rename, over_its_own_ancestor_is_enotempty) {
    directory("d");
    directory("d/e");
    directory("d/e/f");
    EXPECT_FAILS(ENOTEMPTY, root->rename("d/e", "d"));
    EXPECT_FAILS(ENOTEMPTY, root->rename("d/e/f", "d"));
    file("d/e/file");
    EXPECT_FAILS(ENOTEMPTY, root->rename("d/e/file", "d"));
}

TEST_P(Rename, moved_directory_has_a_new_parent) {
    directory("a");
    directory("b");
    directory("a/d");
    file("b/f", "x");
    EXPECT_OK(root->rename("a/d", "b/d"));
    EXPECT_EQ(stat("a").links, 2U);
    EXPECT_EQ(stat("b").links, 3U);
    EXPECT_EQ(content("b/d/../f"), "x");
    EXPECT_EQ(stat("b/d/..").inode, stat("b").inode);
}

TEST_P(Rename, directory_that_replaces_across_directories_keeps_the_counts) {
    directory("a");
    directory("b");
    directory("a/d");
    directory("b/e");
    EXPECT_OK(root->rename("a/d", "b/e"));
    EXPECT_EQ(stat("a").links, 2U);
    EXPECT_EQ(stat("b").links, 3U);
    EXPECT_EQ(stat("b/e").links, 2U);
}

TEST_P(Rename, tree_moves_as_a_whole) {
    directory("a");
    directory("a/b");
    file("a/b/f", "x");
    directory("to");
    EXPECT_OK(root->rename("a", "to/a"));
    EXPECT_EQ(content("to/a/b/f"), "x");
    remount();
    EXPECT_EQ(content("to/a/b/f"), "x");
    EXPECT_EQ(stat("to/a/..").inode, stat("to").inode);
}

TEST_P(Rename, slashes_behind_names) {
    file("f");
    directory("d");
    EXPECT_FAILS(ENOTDIR, root->rename("f/", "g"));
    EXPECT_FAILS(ENOTDIR, root->rename("f", "g/"));
    EXPECT_OK(root->rename("d/", "e"));
    EXPECT_OK(root->rename("e", "d/"));
    EXPECT_OK(root->rename("d/", "e/"));
    EXPECT_EQ(names("."), (std::vector<std::string>{"e", "f"}));
}

TEST_P(Rename, moves_change_times_of_both_directories) {
    directory("a");
    directory("b");
    file("a/f");
    const Time old{1'000'000'000, 0};
    for (const char* path : {"a", "b", "a/f"})
        EXPECT_OK(root->set_times(path, old, old, Follow::no));
    const Time change = stat("a/f").change;
    EXPECT_OK(root->rename("a/f", "b/f"));
    EXPECT_NE(stat("a").modify, old);
    EXPECT_NE(stat("b").modify, old);
    EXPECT_EQ(stat("b/f").modify, old);
    expect_later(stat("b/f").change, change);
}

TEST_P(Rename, over_an_open_file_leaves_its_content_to_who_has_it) {
    file("a", "new");
    file("b", "old");
    const auto held = open("b");
    EXPECT_OK(root->rename("a", "b"));
    EXPECT_EQ(held->read(0, 10).value_or("?"), "old");
    EXPECT_EQ(held->attributes()->links, 0U);
    EXPECT_OK(held->write(3, "er"));
    EXPECT_EQ(held->read(0, 10).value_or("?"), "older");
    EXPECT_EQ(content("b"), "new");
}

TEST_P(Rename, open_file_stays_the_same_file) {
    file("a", "x");
    const auto held = open("a");
    EXPECT_OK(root->rename("a", "b"));
    EXPECT_OK(held->write(0, "y"));
    EXPECT_EQ(content("b"), "y");
}

TEST_P(Rename, within_a_large_directory) {
    directory("d");
    for (int i = 0; i < 300; ++i) ASSERT_OK(root->make_file("d/a" + std::to_string(i), 0600));
    for (int i = 0; i < 300; ++i)
        ASSERT_OK(
            root->rename("d/a" + std::to_string(i), "d/a-rather-longer-name-" + std::to_string(i)));
    EXPECT_EQ(names("d").size(), 300U);
    EXPECT_FALSE(exists("d/a7"));
    EXPECT_TRUE(exists("d/a-rather-longer-name-7"));
    for (int i = 1; i < 300; ++i)
        ASSERT_OK(root->rename("d/a-rather-longer-name-" + std::to_string(i),
                               "d/a-rather-longer-name-0"));
    EXPECT_EQ(names("d").size(), 1U);
}

TEST_P(Rename, longest_names) {
    file(std::string(255, 'a'), "x");
    EXPECT_OK(root->rename(std::string(255, 'a'), "b"));
    EXPECT_OK(root->rename("b", std::string(255, 'c')));
    EXPECT_EQ(content(std::string(255, 'c')), "x");
}

}  // namespace
}  // namespace quire::conformance
