// SPDX-License-Identifier: MIT

// renameat2(2): RENAME_NOREPLACE and RENAME_EXCHANGE.

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(RenameFlags);

constexpr fs::RenameFlags no_replace{.no_replace = true};
constexpr fs::RenameFlags exchange{.exchange = true};

TEST_P(RenameFlags, no_replace_onto_a_free_name) {
    file("a", "x");
    EXPECT_OK(root->rename("a", "b", no_replace));
    EXPECT_EQ(content("b"), "x");
    EXPECT_FALSE(exists("a"));
}

TEST_P(RenameFlags, no_replace_onto_any_name_is_eexist) {
    file("a", "a");
    file("f", "f");
    directory("d");
    EXPECT_OK(root->symlink("none", "l"));
    for (const char* name : {"f", "d", "l"})
        EXPECT_FAILS(EEXIST, root->rename("a", name, no_replace));
    EXPECT_FAILS(EEXIST, root->rename("a", "a", no_replace));
    EXPECT_EQ(content("f"), "f");
    EXPECT_EQ(content("a"), "a");
}

TEST_P(RenameFlags, no_replace_onto_another_name_of_the_file_is_eexist) {
    file("a");
    EXPECT_OK(root->link("a", "b"));
    EXPECT_FAILS(EEXIST, root->rename("a", "b", no_replace));
    EXPECT_EQ(stat("a").links, 2U);
}

TEST_P(RenameFlags, no_replace_of_what_is_missing_is_enoent) {
    file("f");
    EXPECT_FAILS(ENOENT, root->rename("none", "x", no_replace));
    EXPECT_FAILS(ENOENT, root->rename("none", "f", no_replace));
}

TEST_P(RenameFlags, exchange_of_two_files) {
    file("a", "a");
    file("b", "b");
    EXPECT_OK(root->rename("a", "b", exchange));
    EXPECT_EQ(content("a"), "b");
    EXPECT_EQ(content("b"), "a");
}

TEST_P(RenameFlags, exchange_of_a_file_and_a_directory) {
    directory("p");
    directory("q");
    file("p/f", "x");
    directory("q/d");
    file("q/d/g", "y");
    EXPECT_OK(root->rename("p/f", "q/d", exchange));
    EXPECT_EQ(content("q/d"), "x");
    EXPECT_EQ(content("p/f/g"), "y");
    EXPECT_EQ(stat("p").links, 3U);
    EXPECT_EQ(stat("q").links, 2U);
    EXPECT_EQ(stat("p/f/..").inode, stat("p").inode);
}

TEST_P(RenameFlags, exchange_of_nonempty_directories) {
    directory("p");
    directory("q");
    directory("p/d");
    directory("q/e");
    file("p/d/f", "d");
    file("q/e/f", "e");
    EXPECT_OK(root->rename("p/d", "q/e", exchange));
    EXPECT_EQ(content("p/d/f"), "e");
    EXPECT_EQ(content("q/e/f"), "d");
    EXPECT_EQ(stat("p/d/..").inode, stat("p").inode);
    EXPECT_EQ(stat("q/e/..").inode, stat("q").inode);
    EXPECT_EQ(stat("p").links, 3U);
    EXPECT_EQ(stat("q").links, 3U);
}

TEST_P(RenameFlags, exchange_needs_both_names) {
    file("a");
    EXPECT_FAILS(ENOENT, root->rename("a", "none", exchange));
    EXPECT_FAILS(ENOENT, root->rename("none", "a", exchange));
    EXPECT_TRUE(exists("a"));
}

TEST_P(RenameFlags, exchange_with_an_ancestor_is_einval) {
    directory("d");
    directory("d/e");
    file("d/e/f");
    EXPECT_FAILS(EINVAL, root->rename("d", "d/e", exchange));
    EXPECT_FAILS(EINVAL, root->rename("d/e", "d", exchange));
    EXPECT_FAILS(EINVAL, root->rename("d", "d/e/f", exchange));
    EXPECT_FAILS(EINVAL, root->rename("d/e/f", "d", exchange));
}

TEST_P(RenameFlags, exchange_of_a_name_with_itself_does_nothing) {
    file("a", "x");
    directory("d");
    EXPECT_OK(root->rename("a", "a", exchange));
    EXPECT_OK(root->rename("d", "d", exchange));
    EXPECT_EQ(content("a"), "x");
}

TEST_P(RenameFlags, exchange_of_two_names_of_one_file_does_nothing) {
    file("a", "x");
    EXPECT_OK(root->link("a", "b"));
    EXPECT_OK(root->rename("a", "b", exchange));
    EXPECT_EQ(stat("a").links, 2U);
    EXPECT_EQ(content("b"), "x");
}

TEST_P(RenameFlags, no_replace_and_exchange_together_are_einval) {
    file("a");
    file("b");
    EXPECT_FAILS(EINVAL, root->rename("a", "b", {.no_replace = true, .exchange = true}));
}

}  // namespace
}  // namespace quire::conformance
