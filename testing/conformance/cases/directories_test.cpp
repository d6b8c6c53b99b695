// SPDX-License-Identifier: MIT

// Directories: making, removing, link counts, and listings that stay true while names change.

#include <algorithm>
#include <map>
#include <set>

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(Directories);

std::string numbered(int number) {
    return "entry-" + std::to_string(number);
}

TEST_P(Directories, new_directory_is_empty) {
    directory("d");
    const fs::Attributes attributes = stat("d");
    EXPECT_EQ(attributes.type, FileType::directory);
    EXPECT_EQ(attributes.links, 2U);
    EXPECT_TRUE(names("d").empty());
}

TEST_P(Directories, permissions_are_those_asked_for) {
    for (const std::uint16_t permissions : {0, 0700, 0755, 0777, 01777, 0123}) {
        directory("d", permissions);
        EXPECT_EQ(stat("d").permissions, permissions);
        EXPECT_OK(root->rmdir("d"));
    }
}

TEST_P(Directories, each_subdirectory_is_a_link_to_its_parent) {
    directory("d");
    directory("d/a");
    directory("d/b");
    file("d/f");
    EXPECT_EQ(stat("d").links, 4U);
    EXPECT_OK(root->rmdir("d/a"));
    EXPECT_EQ(stat("d").links, 3U);
    EXPECT_OK(root->unlink("d/f"));
    EXPECT_EQ(stat("d").links, 3U);
    EXPECT_OK(root->rmdir("d/b"));
    EXPECT_EQ(stat("d").links, 2U);
}

TEST_P(Directories, directories_of_the_top_count_as_its_links) {
    const std::uint32_t before = stat(".").links;
    directory("d");
    EXPECT_EQ(stat(".").links, before + 1);
    EXPECT_OK(root->rmdir("d"));
    EXPECT_EQ(stat(".").links, before);
}

TEST_P(Directories, rmdir_of_a_nonempty_directory_is_enotempty) {
    directory("d");
    file("d/f");
    EXPECT_FAILS(ENOTEMPTY, root->rmdir("d"));
    EXPECT_OK(root->unlink("d/f"));
    directory("d/e");
    EXPECT_FAILS(ENOTEMPTY, root->rmdir("d"));
    EXPECT_OK(root->rmdir("d/e"));
    EXPECT_OK(root->rmdir("d"));
    EXPECT_FALSE(exists("d"));
}

TEST_P(Directories, rmdir_of_anything_else_is_enotdir) {
    file("f");
    directory("d");
    EXPECT_OK(root->symlink("d", "l"));
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    for (const char* name : {"f", "l", "p"}) EXPECT_FAILS(ENOTDIR, root->rmdir(name));
    EXPECT_TRUE(exists("d"));
}

TEST_P(Directories, unlink_of_a_directory_is_eisdir) {
    directory("d");
    EXPECT_FAILS(EISDIR, root->unlink("d"));
    EXPECT_TRUE(exists("d"));
}

TEST_P(Directories, opening_a_directory_for_writing_is_eisdir) {
    directory("d");
    EXPECT_FAILS(EISDIR, root->open("d", {.read = true, .write = true}));
    EXPECT_FAILS(EISDIR, root->open("d", {.read = false, .write = true}));
    EXPECT_FAILS(EISDIR, root->truncate("d", 0));
}

TEST_P(Directories, reading_the_bytes_of_a_directory_is_eisdir) {
    directory("d");
    const auto opened = open("d", false);
    EXPECT_FAILS(EISDIR, opened->read(0, 10));
}

TEST_P(Directories, listing_a_file_is_enotdir) {
    file("f");
    EXPECT_FAILS(ENOTDIR, root->list("f", 0, 1));
}

TEST_P(Directories, listing_gives_types_and_inodes) {
    directory("d");
    file("d/file");
    directory("d/directory");
    EXPECT_OK(root->symlink("t", "d/link"));
    EXPECT_OK(root->mknod("d/fifo", 0600, FileType::fifo, {}));
    EXPECT_OK(root->mknod("d/socket", 0600, FileType::socket, {}));
    const auto listed = root->list("d", 0, 100);
    ASSERT_OK(listed);
    ASSERT_EQ(listed->size(), 5U);
    for (const Listed& entry : *listed) {
        const fs::Attributes attributes = stat("d/" + entry.name);
        EXPECT_EQ(entry.type, attributes.type) << entry.name;
        EXPECT_EQ(entry.inode, attributes.inode) << entry.name;
    }
}

TEST_P(Directories, listing_goes_on_after_every_position) {
    directory("d");
    for (int i = 0; i < 30; ++i) file("d/" + numbered(i));
    const auto whole = root->list("d", 0, 100);
    ASSERT_OK(whole);
    ASSERT_EQ(whole->size(), 30U);
    for (std::size_t taken = 0; taken < whole->size(); ++taken) {
        const auto rest = root->list("d", (*whole)[taken].next, 100);
        ASSERT_OK(rest);
        ASSERT_EQ(rest->size(), whole->size() - taken - 1);
        for (std::size_t i = 0; i < rest->size(); ++i)
            EXPECT_EQ((*rest)[i].name, (*whole)[taken + 1 + i].name);
    }
}

TEST_P(Directories, position_behind_the_last_entry_is_the_end) {
    directory("d");
    file("d/f");
    const auto whole = root->list("d", 0, 100);
    ASSERT_OK(whole);
    ASSERT_EQ(whole->size(), 1U);
    const auto rest = root->list("d", whole->front().next, 100);
    ASSERT_OK(rest);
    EXPECT_TRUE(rest->empty());
}

TEST_P(Directories, removing_what_was_listed_loses_nothing) {
    directory("d");
    for (int i = 0; i < 200; ++i) file("d/" + numbered(i));
    std::set<std::string> seen;
    fs::Position at = 0;
    for (;;) {
        const auto some = root->list("d", at, 7);
        ASSERT_OK(some);
        if (some->empty()) break;
        for (const Listed& entry : *some) {
            EXPECT_TRUE(seen.insert(entry.name).second) << entry.name << " is given twice";
            EXPECT_OK(root->unlink("d/" + entry.name));
        }
        at = some->back().next;
    }
    EXPECT_EQ(seen.size(), 200U);
    EXPECT_OK(root->rmdir("d"));
}

TEST_P(Directories, adding_while_listing_gives_the_old_ones_once) {
    directory("d");
    for (int i = 0; i < 100; ++i) file("d/" + numbered(i));
    std::map<std::string, int> seen;
    fs::Position at = 0;
    for (int added = 0;;) {
        const auto some = root->list("d", at, 5);
        ASSERT_OK(some);
        if (some->empty()) break;
        for (const Listed& entry : *some) ++seen[entry.name];
        at = some->back().next;
        for (int i = 0; i < 5 && added < 150; ++i)
            file("d/a-longer-name-for-an-added-entry-" + std::to_string(added++));
    }
    for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[numbered(i)], 1) << numbered(i);
    for (const auto& [name, times] : seen) EXPECT_LE(times, 1) << name;
}

TEST_P(Directories, replacing_others_while_listing_gives_the_rest_once) {
    directory("d");
    for (int i = 0; i < 120; ++i) file("d/" + numbered(i));
    std::map<std::string, int> seen;
    fs::Position at = 0;
    for (int round = 0;; ++round) {
        const auto some = root->list("d", at, 8);
        ASSERT_OK(some);
        if (some->empty()) break;
        for (const Listed& entry : *some) ++seen[entry.name];
        at = some->back().next;
        // Odd ones come and go, even ones stay throughout.
        for (int i = 1 + round % 2 * 2; i < 120; i += 4) {
            if (!exists("d/" + numbered(i))) {
                file("d/" + numbered(i));
            } else {
                EXPECT_OK(root->unlink("d/" + numbered(i)));
            }
        }
    }
    for (int i = 0; i < 120; i += 2) EXPECT_EQ(seen[numbered(i)], 1) << numbered(i);
}

TEST_P(Directories, large_directory_holds_every_name) {
    directory("d");
    constexpr int count = 1200;
    for (int i = 0; i < count; ++i) ASSERT_OK(root->make_file("d/" + numbered(i), 0600));
    EXPECT_EQ(names("d").size(), std::size_t{count});
    for (int i = 0; i < count; i += 17) EXPECT_TRUE(exists("d/" + numbered(i)));
    EXPECT_FALSE(exists("d/" + numbered(count)));
    EXPECT_FAILS(EEXIST, root->make_file("d/" + numbered(count - 1), 0600));
    EXPECT_FAILS(ENOTEMPTY, root->rmdir("d"));
    for (int i = 0; i < count; i += 2) ASSERT_OK(root->unlink("d/" + numbered(i)));
    EXPECT_EQ(names("d").size(), std::size_t{count / 2});
    remount();
    EXPECT_EQ(names("d").size(), std::size_t{count / 2});
    for (int i = 1; i < count; i += 2) ASSERT_OK(root->unlink("d/" + numbered(i)));
    EXPECT_OK(root->rmdir("d"));
}

TEST_P(Directories, long_names_fill_many_blocks) {
    directory("d");
    const auto name = [](int i) {
        std::string text = std::to_string(i);
        return text + std::string(255 - text.size(), 'x');
    };
    for (int i = 0; i < 200; ++i) ASSERT_OK(root->make_file("d/" + name(i), 0600));
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(exists("d/" + name(i)));
    for (int i = 199; i >= 0; --i) ASSERT_OK(root->unlink("d/" + name(i)));
    EXPECT_OK(root->rmdir("d"));
}

TEST_P(Directories, hundred_subdirectories_are_hundred_links) {
    NEEDS(traits().link_max == 0 || traits().link_max > 102, "its link limit is lower");
    directory("d");
    for (int i = 0; i < 100; ++i) ASSERT_OK(root->mkdir("d/" + numbered(i), 0755));
    EXPECT_EQ(stat("d").links, 102U);
    for (int i = 0; i < 100; ++i) ASSERT_OK(root->rmdir("d/" + numbered(i)));
    EXPECT_EQ(stat("d").links, 2U);
}

TEST_P(Directories, link_limit_ends_subdirectories) {
    NEEDS(traits().link_max != 0, "its link limit is out of reach or there is none");
    directory("d");
    std::uint32_t made = 0;
    while (root->mkdir("d/" + numbered(static_cast<int>(made)), 0755)) ++made;
    EXPECT_EQ(stat("d").links, traits().link_max);
    EXPECT_FAILS(EMLINK, root->mkdir("d/more", 0755));
    directory("e");
    EXPECT_FAILS(EMLINK, root->rename("e", "d/e"));
    file("d/file");
    EXPECT_OK(root->rmdir("d/" + numbered(0)));
    EXPECT_OK(root->rename("e", "d/e"));
}

TEST_P(Directories, changes_of_names_change_the_times_of_the_directory) {
    directory("d");
    const Time old{1'000'000'000, 0};
    const auto changed = [&](const char* what) {
        const fs::Attributes attributes = stat("d");
        EXPECT_NE(attributes.modify, old) << what;
        EXPECT_EQ(attributes.access, old) << what;
        EXPECT_OK(root->set_times("d", old, old, Follow::no));
    };
    EXPECT_OK(root->set_times("d", old, old, Follow::no));
    EXPECT_OK(root->make_file("d/f", 0600));
    changed("create");
    EXPECT_OK(root->mkdir("d/e", 0700));
    changed("mkdir");
    EXPECT_OK(root->symlink("t", "d/l"));
    changed("symlink");
    EXPECT_OK(root->mknod("d/p", 0600, FileType::fifo, {}));
    changed("mknod");
    EXPECT_OK(root->link("d/f", "d/g"));
    changed("link");
    EXPECT_OK(root->rename("d/g", "d/h"));
    changed("rename");
    EXPECT_OK(root->unlink("d/f"));
    changed("unlink");
    EXPECT_OK(root->rmdir("d/e"));
    changed("rmdir");
}

TEST_P(Directories, failed_changes_leave_the_times_alone) {
    directory("d");
    file("d/f");
    const Time old{1'000'000'000, 0};
    EXPECT_OK(root->set_times("d", old, old, Follow::no));
    EXPECT_FAILS(EEXIST, root->make_file("d/f", 0600));
    EXPECT_FAILS(EEXIST, root->mkdir("d/f", 0600));
    EXPECT_FAILS(ENOENT, root->unlink("d/none"));
    EXPECT_FAILS(ENOENT, root->rename("d/none", "d/f"));
    EXPECT_EQ(stat("d").modify, old);
}

TEST_P(Directories, writing_to_a_file_leaves_its_directory_alone) {
    directory("d");
    file("d/f");
    const Time old{1'000'000'000, 0};
    EXPECT_OK(root->set_times("d", old, old, Follow::no));
    EXPECT_OK(open("d/f")->write(0, "x"));
    EXPECT_OK(root->chmod("d/f", 0600));
    EXPECT_EQ(stat("d").modify, old);
}

TEST_P(Directories, removed_directory_takes_no_new_names_through_a_listing) {
    directory("d");
    directory("d/e");
    EXPECT_OK(root->rmdir("d/e"));
    EXPECT_FAILS(ENOENT, root->make_file("d/e/f", 0600));
    EXPECT_FAILS(ENOENT, root->list("d/e", 0, 1));
}

TEST_P(Directories, hundred_levels_come_and_go) {
    std::string path = "d";
    directory(path);
    for (int i = 0; i < 100; ++i) directory(path += "/d");
    EXPECT_FAILS(ENOTEMPTY, root->rmdir("d"));
    for (int i = 0; i < 101; ++i) {
        EXPECT_OK(root->rmdir(path));
        path = path.substr(0, path.size() - std::min<std::size_t>(path.size(), 2));
    }
    EXPECT_TRUE(names(".").empty());
}

}  // namespace
}  // namespace quire::conformance
