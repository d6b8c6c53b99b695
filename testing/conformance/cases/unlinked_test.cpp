// SPDX-License-Identifier: MIT

// Files without a name that somebody still has open.

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(Unlinked);

TEST_P(Unlinked, file_works_until_its_last_close) {
    file("f", "12345");
    const auto held = open("f");
    EXPECT_OK(root->unlink("f"));
    EXPECT_FALSE(exists("f"));
    EXPECT_EQ(held->read(0, 10).value_or("?"), "12345");
    EXPECT_OK(held->write(5, "678"));
    EXPECT_EQ(held->read(0, 10).value_or("?"), "12345678");
    EXPECT_EQ(held->attributes()->links, 0U);
    EXPECT_EQ(held->attributes()->size, 8U);
}

TEST_P(Unlinked, file_can_grow_and_shrink) {
    file("f");
    const auto held = open("f");
    EXPECT_OK(root->unlink("f"));
    EXPECT_OK(held->write(0, std::string(300'000, 'x')));
    EXPECT_EQ(held->attributes()->size, 300'000U);
    EXPECT_OK(held->resize(10));
    EXPECT_OK(held->resize(5000));
    EXPECT_TRUE(held->read(0, 6000).value_or("?") ==
                std::string(10, 'x') + std::string(4990, '\0'));
    EXPECT_OK(held->sync());
}

TEST_P(Unlinked, file_can_be_reserved_and_punched) {
    file("f", std::string(100'000, 'x'));
    const auto held = open("f");
    EXPECT_OK(root->unlink("f"));
    EXPECT_OK(held->allocate(fs::AllocateMode::punch_hole, 16'384, 32'768));
    EXPECT_EQ(held->seek(0, fs::SeekTo::hole).value_or(99), 16'384U);
    if (traits().fallocate) {
        EXPECT_OK(held->allocate(fs::AllocateMode::allocate, 0, 200'000));
        EXPECT_EQ(held->attributes()->size, 200'000U);
    }
}

TEST_P(Unlinked, space_is_freed_with_the_last_close) {
    NEEDS(traits().can_be_filled, "others use the filesystem");
    file("keep");
    EXPECT_OK(root->sync());
    const auto before = root->statistics();
    ASSERT_OK(before);
    file("f", std::string(500'000, 'x'));
    auto held = open("f");
    auto again = open("f");
    EXPECT_OK(root->unlink("f"));
    EXPECT_LT(root->statistics()->free_blocks, before->free_blocks);
    held.reset();
    EXPECT_EQ(again->read(499'999, 2).value_or("?"), "x");
    again.reset();
    EXPECT_OK(root->sync());
    EXPECT_EQ(root->statistics()->free_blocks, before->free_blocks);
    EXPECT_EQ(root->statistics()->free_inodes, before->free_inodes);
}

TEST_P(Unlinked, name_can_be_taken_by_another) {
    file("f", "old");
    const auto held = open("f");
    EXPECT_OK(root->unlink("f"));
    file("f", "new");
    EXPECT_EQ(held->read(0, 10).value_or("?"), "old");
    EXPECT_EQ(content("f"), "new");
    EXPECT_NE(held->attributes()->inode, stat("f").inode);
    EXPECT_OK(held->write(0, "OLD"));
    EXPECT_EQ(content("f"), "new");
}

TEST_P(Unlinked, other_names_go_on) {
    file("f", "x");
    EXPECT_OK(root->link("f", "g"));
    const auto held = open("f");
    EXPECT_OK(root->unlink("f"));
    EXPECT_EQ(held->attributes()->links, 1U);
    EXPECT_OK(held->write(0, "y"));
    EXPECT_EQ(content("g"), "y");
    EXPECT_OK(root->unlink("g"));
    EXPECT_EQ(held->attributes()->links, 0U);
    EXPECT_EQ(held->read(0, 5).value_or("?"), "y");
}

TEST_P(Unlinked, unlinking_changes_the_change_time) {
    file("f");
    const auto held = open("f");
    const Time before = held->attributes()->change;
    EXPECT_OK(root->unlink("f"));
    expect_later(held->attributes()->change, before);
}

TEST_P(Unlinked, many_at_once_in_any_order) {
    std::vector<std::unique_ptr<File>> held;
    for (int i = 0; i < 40; ++i) {
        file("f" + std::to_string(i), std::string(static_cast<std::size_t>(i) * 300, 'x'));
        held.push_back(open("f" + std::to_string(i)));
        EXPECT_OK(root->unlink("f" + std::to_string(i)));
    }
    for (const std::size_t i : {0U, 39U, 20U, 1U, 38U, 19U, 21U}) held[i].reset();
    EXPECT_OK(root->sync());
    EXPECT_EQ(held[5]->attributes()->size, 1500U);
    for (auto& one : held) one.reset();
    EXPECT_TRUE(names(".").empty());
}

TEST_P(Unlinked, directory_of_an_open_file_can_be_removed) {
    directory("d");
    file("d/f", "x");
    const auto held = open("d/f");
    EXPECT_OK(root->unlink("d/f"));
    EXPECT_OK(root->rmdir("d"));
    EXPECT_EQ(held->read(0, 5).value_or("?"), "x");
}

TEST_P(Unlinked, removed_directory_that_is_open) {
    directory("d");
    const auto held = open("d", false);
    EXPECT_OK(root->rmdir("d"));
    EXPECT_EQ(held->attributes()->links, 0U);
    EXPECT_EQ(held->attributes()->type, FileType::directory);
    directory("d");
    EXPECT_NE(held->attributes()->inode, stat("d").inode);
}

TEST_P(Unlinked, replaced_file_frees_its_space_at_the_last_close) {
    NEEDS(traits().can_be_filled, "others use the filesystem");
    file("a", "new");
    EXPECT_OK(root->sync());
    const auto before = root->statistics();
    file("b", std::string(300'000, 'x'));
    auto held = open("b");
    EXPECT_OK(root->rename("a", "b"));
    EXPECT_LT(root->statistics()->free_blocks, before->free_blocks);
    held.reset();
    EXPECT_OK(root->sync());
    EXPECT_EQ(root->statistics()->free_blocks, before->free_blocks);
}

TEST_P(Unlinked, permissions_are_those_of_the_opening) {
    NEEDS(traits().users, "it cannot act as others");
    file("f", "x", 0666);
    const auto held = user(1000, 1000)->open("f", {.read = true, .write = true});
    ASSERT_OK(held);
    EXPECT_OK(root->chmod("f", 0));
    EXPECT_EQ((*held)->read(0, 5).value_or("?"), "x");
    EXPECT_OK((*held)->write(0, "y"));
    EXPECT_OK(root->unlink("f"));
    EXPECT_EQ((*held)->read(0, 5).value_or("?"), "y");
}

}  // namespace
}  // namespace quire::conformance
