// SPDX-License-Identifier: MIT

// Hard links: several names, one node.

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(Links);

TEST_P(Links, second_name_is_the_same_node) {
    file("a", "content");
    EXPECT_OK(root->link("a", "b"));
    EXPECT_EQ(stat("a").inode, stat("b").inode);
    EXPECT_EQ(stat("a").links, 2U);
    EXPECT_EQ(content("b"), "content");
}

TEST_P(Links, change_through_one_name_is_seen_through_the_other) {
    file("a");
    EXPECT_OK(root->link("a", "b"));
    EXPECT_OK(open("a")->write(0, "new"));
    EXPECT_EQ(content("b"), "new");
    EXPECT_OK(root->chmod("b", 0600));
    EXPECT_EQ(stat("a").permissions, 0600);
    EXPECT_OK(root->truncate("b", 1));
    EXPECT_EQ(stat("a").size, 1U);
}

TEST_P(Links, last_name_decides) {
    file("a", "content");
    EXPECT_OK(root->link("a", "b"));
    EXPECT_OK(root->unlink("a"));
    EXPECT_EQ(stat("b").links, 1U);
    EXPECT_EQ(content("b"), "content");
    EXPECT_OK(root->unlink("b"));
    EXPECT_FALSE(exists("b"));
}

TEST_P(Links, link_across_directories) {
    directory("d");
    directory("e");
    file("d/f", "x");
    EXPECT_OK(root->link("d/f", "e/g"));
    EXPECT_OK(root->unlink("d/f"));
    EXPECT_OK(root->rmdir("d"));
    EXPECT_EQ(content("e/g"), "x");
}

TEST_P(Links, link_of_a_directory_is_eperm) {
    directory("d");
    EXPECT_FAILS(EPERM, root->link("d", "e"));
    EXPECT_EQ(stat("d").links, 2U);
}

TEST_P(Links, link_of_a_directory_onto_a_name_is_eexist) {
    directory("d");
    file("f");
    EXPECT_FAILS(EEXIST, root->link("d", "f"));
}

TEST_P(Links, link_onto_itself_is_eexist) {
    file("f");
    EXPECT_FAILS(EEXIST, root->link("f", "f"));
    EXPECT_EQ(stat("f").links, 1U);
}

TEST_P(Links, link_of_what_is_missing_is_enoent) {
    directory("d");
    EXPECT_FAILS(ENOENT, root->link("none", "x"));
    file("f");
    EXPECT_FAILS(ENOENT, root->link("f", "none/x"));
    EXPECT_FAILS(ENOTDIR, root->link("f", "f/x"));
    EXPECT_FAILS(ENOTDIR, root->link("f/x", "y"));
}

TEST_P(Links, link_of_a_symbolic_link_is_a_link_of_itself) {
    EXPECT_OK(root->symlink("dangling", "l"));
    EXPECT_OK(root->link("l", "m"));
    EXPECT_EQ(stat("m").type, FileType::symbolic_link);
    EXPECT_EQ(stat("l").inode, stat("m").inode);
    EXPECT_EQ(stat("l").links, 2U);
    EXPECT_EQ(*root->readlink("m"), "dangling");
    EXPECT_OK(root->unlink("l"));
    EXPECT_EQ(*root->readlink("m"), "dangling");
}

TEST_P(Links, fifos_and_sockets_may_have_several_names) {
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_OK(root->mknod("s", 0600, FileType::socket, {}));
    EXPECT_OK(root->link("p", "p2"));
    EXPECT_OK(root->link("s", "s2"));
    EXPECT_EQ(stat("p2").type, FileType::fifo);
    EXPECT_EQ(stat("s2").links, 2U);
}

TEST_P(Links, linking_changes_the_change_time_and_not_the_modify_time) {
    file("f");
    const Time old{1'000'000'000, 5};
    EXPECT_OK(root->set_times("f", old, old, Follow::no));
    const Time before = stat("f").change;
    EXPECT_OK(root->link("f", "g"));
    EXPECT_EQ(stat("f").modify, old);
    expect_later(stat("f").change, before);
    const Time between = stat("f").change;
    EXPECT_OK(root->unlink("g"));
    EXPECT_EQ(stat("f").modify, old);
    expect_later(stat("f").change, between);
}

TEST_P(Links, fifty_names) {
    directory("d");
    file("f", "x");
    for (int i = 0; i < 49; ++i) ASSERT_OK(root->link("f", "d/" + std::to_string(i)));
    EXPECT_EQ(stat("f").links, 50U);
    remount();
    EXPECT_EQ(stat("d/7").links, 50U);
    EXPECT_EQ(stat("d/7").inode, stat("f").inode);
    for (int i = 0; i < 49; ++i) ASSERT_OK(root->unlink("d/" + std::to_string(i)));
    EXPECT_EQ(stat("f").links, 1U);
    EXPECT_EQ(content("f"), "x");
}

TEST_P(Links, limit_of_links_is_emlink) {
    NEEDS(traits().link_max != 0, "its link limit is out of reach or there is none");
    file("f");
    for (std::uint32_t i = 1; i < traits().link_max; ++i)
        ASSERT_OK(root->link("f", "f" + std::to_string(i)));
    EXPECT_FAILS(EMLINK, root->link("f", "more"));
    EXPECT_EQ(stat("f").links, traits().link_max);
    EXPECT_OK(root->unlink("f1"));
    EXPECT_OK(root->link("f", "more"));
}

TEST_P(Links, space_is_freed_with_the_last_name) {
    NEEDS(traits().can_be_filled, "others use the filesystem");
    file("keep");
    EXPECT_OK(root->sync());
    const auto before = root->statistics();
    ASSERT_OK(before);
    file("f", std::string(200'000, 'x'));
    EXPECT_OK(root->link("f", "g"));
    EXPECT_OK(root->unlink("f"));
    EXPECT_OK(root->sync());
    EXPECT_LT(root->statistics()->free_blocks, before->free_blocks);
    EXPECT_OK(root->unlink("g"));
    EXPECT_OK(root->sync());
    EXPECT_EQ(root->statistics()->free_blocks, before->free_blocks);
    EXPECT_EQ(root->statistics()->free_inodes, before->free_inodes);
}

TEST_P(Links, hard_link_through_a_symbolic_link_in_the_middle) {
    directory("d");
    EXPECT_OK(root->symlink("d", "l"));
    file("l/f", "x");
    EXPECT_OK(root->link("l/f", "l/g"));
    EXPECT_EQ(names("d"), (std::vector<std::string>{"f", "g"}));
}

}  // namespace
}  // namespace quire::conformance
