// SPDX-License-Identifier: MIT

// Permissions, owners and times, as root sets them.

#include <algorithm>

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(Attributes);

TEST_P(Attributes, inode_numbers_differ_and_stay) {
    file("a");
    file("b");
    directory("d");
    const std::uint64_t inode = stat("a").inode;
    EXPECT_NE(inode, stat("b").inode);
    EXPECT_NE(inode, stat("d").inode);
    remount();
    EXPECT_EQ(stat("a").inode, inode);
}

TEST_P(Attributes, every_permission_can_be_set) {
    file("f");
    directory("d");
    for (std::uint16_t permissions = 0; permissions < 010000; permissions += 0111) {
        EXPECT_OK(root->chmod("f", permissions));
        EXPECT_OK(root->chmod("d", permissions));
        EXPECT_EQ(stat("f").permissions, permissions);
        EXPECT_EQ(stat("d").permissions, permissions);
    }
    EXPECT_EQ(stat("f").type, FileType::regular);
    EXPECT_EQ(stat("d").type, FileType::directory);
}

TEST_P(Attributes, special_permission_bits_can_be_set) {
    file("f");
    for (const std::uint16_t permissions : {04755, 02755, 01777, 06644, 07777}) {
        EXPECT_OK(root->chmod("f", permissions));
        EXPECT_EQ(stat("f").permissions, permissions);
    }
    remount();
    EXPECT_EQ(stat("f").permissions, 07777);
}

TEST_P(Attributes, special_bits_of_a_new_file) {
    EXPECT_OK(root->make_file("f", 06755));
    EXPECT_EQ(stat("f").permissions, 06755);
    EXPECT_OK(root->make_file("g", 01644));
    EXPECT_EQ(stat("g").permissions, 01644);
}

TEST_P(Attributes, chmod_follows_links) {
    file("f");
    EXPECT_OK(root->symlink("f", "l"));
    EXPECT_OK(root->chmod("l", 0604));
    EXPECT_EQ(stat("f").permissions, 0604);
    EXPECT_EQ(stat("l").permissions, 0777);
}

TEST_P(Attributes, chmod_changes_the_change_time_only) {
    file("f");
    const Time old{1'000'000'000, 1};
    EXPECT_OK(root->set_times("f", old, old, Follow::no));
    const Time before = stat("f").change;
    EXPECT_OK(root->chmod("f", 0600));
    EXPECT_EQ(stat("f").modify, old);
    EXPECT_EQ(stat("f").access, old);
    expect_later(stat("f").change, before);
}

TEST_P(Attributes, umask_takes_from_new_nodes) {
    NEEDS(traits().users, "it cannot act as others");
    const auto masked = user(0, 0, {}, 027);
    EXPECT_OK(masked->make_file("f", 0666));
    EXPECT_OK(masked->mkdir("d", 0777));
    EXPECT_OK(masked->mknod("p", 0666, FileType::fifo, {}));
    EXPECT_OK(masked->symlink("t", "l"));
    EXPECT_EQ(stat("f").permissions, 0640);
    EXPECT_EQ(stat("d").permissions, 0750);
    EXPECT_EQ(stat("p").permissions, 0640);
    EXPECT_EQ(stat("l").permissions, 0777);
    EXPECT_OK(masked->chmod("f", 0666));
    EXPECT_EQ(stat("f").permissions, 0666);
}

TEST_P(Attributes, owners_of_every_size) {
    NEEDS(traits().users, "owners cannot be set");
    file("f");
    for (const std::uint32_t id : {0U, 1U, 65'534U, 65'535U, 65'536U, 100'000U, 0xfffffffeU}) {
        EXPECT_OK(root->chown("f", id, id, Follow::no));
        EXPECT_EQ(stat("f").uid, id);
        EXPECT_EQ(stat("f").gid, id);
    }
    remount();
    EXPECT_EQ(stat("f").uid, 0xfffffffeU);
}

TEST_P(Attributes, owner_and_group_change_alone) {
    NEEDS(traits().users, "owners cannot be set");
    file("f");
    EXPECT_OK(root->chown("f", 5, {}, Follow::no));
    EXPECT_EQ(stat("f").uid, 5U);
    EXPECT_EQ(stat("f").gid, 0U);
    EXPECT_OK(root->chown("f", {}, 6, Follow::no));
    EXPECT_EQ(stat("f").uid, 5U);
    EXPECT_EQ(stat("f").gid, 6U);
}

TEST_P(Attributes, chown_changes_the_change_time_only) {
    NEEDS(traits().users, "owners cannot be set");
    file("f");
    const Time old{1'000'000'000, 1};
    EXPECT_OK(root->set_times("f", old, old, Follow::no));
    const Time before = stat("f").change;
    EXPECT_OK(root->chown("f", 1, 1, Follow::no));
    EXPECT_EQ(stat("f").modify, old);
    expect_later(stat("f").change, before);
}

TEST_P(Attributes, chown_takes_set_user_id_even_from_root) {
    NEEDS(traits().users, "owners cannot be set");
    file("f", "x");
    EXPECT_OK(root->chmod("f", 06755));
    EXPECT_OK(root->chown("f", 1, 1, Follow::no));
    EXPECT_EQ(stat("f").permissions, 0755);
}

TEST_P(Attributes, chown_leaves_set_group_id_without_group_execution) {
    NEEDS(traits().users, "owners cannot be set");
    file("f");
    EXPECT_OK(root->chmod("f", 06744));
    EXPECT_OK(root->chown("f", 1, 1, Follow::no));
    EXPECT_EQ(stat("f").permissions, 02744);
}

TEST_P(Attributes, chown_leaves_the_bits_of_directories) {
    NEEDS(traits().users, "owners cannot be set");
    directory("d");
    EXPECT_OK(root->chmod("d", 07755));
    EXPECT_OK(root->chown("d", 1, 1, Follow::no));
    EXPECT_EQ(stat("d").permissions, 07755);
}

TEST_P(Attributes, root_may_write_without_ending_set_user_id) {
    NEEDS(traits().users, "that needs root");
    file("f", "x");
    EXPECT_OK(root->chmod("f", 06755));
    EXPECT_OK(open("f")->write(0, "y"));
    EXPECT_OK(root->truncate("f", 0));
    EXPECT_EQ(stat("f").permissions, 06755);
}

TEST_P(Attributes, times_to_the_nanosecond) {
    file("f");
    const Time access{1'500'000'000, 123'456'789};
    const Time modify{1'600'000'000, 987'654'321};
    EXPECT_OK(root->set_times("f", access, modify, Follow::no));
    EXPECT_EQ(stat("f").access, access);
    EXPECT_EQ(stat("f").modify, modify);
    remount();
    EXPECT_EQ(stat("f").access, access);
    EXPECT_EQ(stat("f").modify, modify);
}

TEST_P(Attributes, times_change_alone) {
    file("f");
    const Time first{1'000'000'000, 1};
    const Time second{1'100'000'000, 2};
    EXPECT_OK(root->set_times("f", first, first, Follow::no));
    EXPECT_OK(root->set_times("f", second, {}, Follow::no));
    EXPECT_EQ(stat("f").access, second);
    EXPECT_EQ(stat("f").modify, first);
    EXPECT_OK(root->set_times("f", {}, second, Follow::no));
    EXPECT_EQ(stat("f").modify, second);
}

TEST_P(Attributes, setting_times_sets_the_change_time_to_now) {
    file("f");
    const Time before = stat("f").change;
    const Time past{1'000'000'000, 1};
    EXPECT_OK(root->set_times("f", past, past, Follow::no));
    expect_later(stat("f").change, before);
}

TEST_P(Attributes, times_before_1970) {
    NEEDS(traits().earliest < -100'000, "its times begin in 1970");
    file("f");
    for (const Time& time : {Time{-1, 0}, Time{-1, 999'999'999}, Time{-86'400, 5}}) {
        EXPECT_OK(root->set_times("f", time, time, Follow::no));
        EXPECT_EQ(stat("f").modify, time);
        EXPECT_EQ(stat("f").access, time);
    }
}

TEST_P(Attributes, times_around_2038) {
    NEEDS(traits().latest > std::int64_t{1} << 33U, "its times end in 2038");
    file("f");
    const std::int64_t last = (std::int64_t{1} << 31U) - 1;
    for (const std::int64_t seconds : {last, last + 1, 2 * last + 1, 2 * last + 2, 3 * last}) {
        const Time time{seconds, 999'999'999};
        EXPECT_OK(root->set_times("f", time, time, Follow::no));
        EXPECT_EQ(stat("f").modify, time);
        EXPECT_EQ(stat("f").access, time);
    }
    remount();
    EXPECT_EQ(stat("f").modify.seconds, 3 * last);
}

TEST_P(Attributes, earliest_and_latest_times) {
    file("f");
    // A memory volume's own times have no bounds that a caller can name.
    const std::int64_t most = std::int64_t{1} << 60U;
    for (const std::int64_t seconds :
         {std::max(traits().earliest, -most), std::min(traits().latest, most)}) {
        const Time time{seconds, 0};
        EXPECT_OK(root->set_times("f", time, time, Follow::no));
        EXPECT_EQ(stat("f").modify, time);
        EXPECT_EQ(stat("f").access, time);
    }
}

TEST_P(Attributes, times_out_of_range_become_the_nearest) {
    NEEDS(traits().latest > std::int64_t{1} << 33U && traits().latest < std::int64_t{1} << 40U,
          "its range is not known");
    file("f");
    const Time late{traits().latest + 10, 5};
    EXPECT_OK(root->set_times("f", late, late, Follow::no));
    EXPECT_EQ(stat("f").modify, (Time{traits().latest, 0}));
    const Time early{traits().earliest - 10, 5};
    EXPECT_OK(root->set_times("f", early, early, Follow::no));
    EXPECT_EQ(stat("f").modify, (Time{traits().earliest, 0}));
}

TEST_P(Attributes, times_of_directories_and_others) {
    directory("d");
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_OK(root->symlink("t", "l"));
    const Time time{1'111'111'111, 222'222'222};
    for (const char* path : {"d", "p", "l"}) {
        EXPECT_OK(root->set_times(path, time, time, Follow::no));
        EXPECT_EQ(stat(path).modify, time);
    }
}

TEST_P(Attributes, new_node_has_one_time) {
    NEEDS(traits().makes_at_once, "it makes a node in several steps");
    file("f");
    const fs::Attributes attributes = stat("f");
    EXPECT_EQ(attributes.modify, attributes.change);
    EXPECT_EQ(attributes.access, attributes.modify);
    EXPECT_GT(attributes.modify.seconds, 1'000'000'000);
}

TEST_P(Attributes, statistics_make_sense) {
    const auto statistics = root->statistics();
    ASSERT_OK(statistics);
    EXPECT_GE(statistics->block_size, 512U);
    EXPECT_GT(statistics->blocks, 0U);
    EXPECT_LE(statistics->free_blocks, statistics->blocks);
    EXPECT_LE(statistics->available_blocks, statistics->free_blocks);
    EXPECT_LE(statistics->free_inodes, statistics->inodes);
    EXPECT_EQ(statistics->name_length, 255U);
    EXPECT_FALSE(statistics->read_only);
}

TEST_P(Attributes, statistics_count_files_and_bytes) {
    NEEDS(traits().can_be_filled, "others use the filesystem");
    const auto before = root->statistics();
    file("f", std::string(1 << 20, 'x'));
    const auto after = root->statistics();
    ASSERT_OK(before);
    ASSERT_OK(after);
    EXPECT_EQ(after->free_inodes, before->free_inodes - 1);
    EXPECT_LE(after->free_blocks * after->block_size + (1U << 20U),
              before->free_blocks * before->block_size);
    EXPECT_EQ(after->blocks, before->blocks);
}

TEST_P(Attributes, size_of_a_directory_is_not_changed) {
    directory("d");
    EXPECT_FAILS(EISDIR, root->truncate("d", 100));
    EXPECT_FAILS(EISDIR, root->truncate("d", 0));
}

TEST_P(Attributes, access_for_root) {
    NEEDS(traits().users, "that needs root");
    file("f", "", 0);
    directory("d", 0);
    EXPECT_OK(root->access("f", 4));
    EXPECT_OK(root->access("f", 2));
    EXPECT_FAILS(EACCES, root->access("f", 1));
    EXPECT_OK(root->access("d", 7));
    EXPECT_OK(root->chmod("f", 0001));
    EXPECT_OK(root->access("f", 1));
    EXPECT_FAILS(ENOENT, root->access("none", 0));
}

}  // namespace
}  // namespace quire::conformance
