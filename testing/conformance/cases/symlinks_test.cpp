// SPDX-License-Identifier: MIT

// Symbolic links: what they hold, and who follows them.

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(Symlinks);

TEST_P(Symlinks, target_is_kept_as_it_is) {
    for (const char* target :
         {"t", "a/b/../c", "/absolute", "./", "//", ".", "..", "\xff\x01", "a "}) {
        EXPECT_OK(root->symlink(target, "l"));
        EXPECT_EQ(root->readlink("l").value_or("?"), target);
        EXPECT_EQ(stat("l").size, std::string_view(target).size());
        EXPECT_OK(root->unlink("l"));
    }
}

TEST_P(Symlinks, new_link_has_all_permissions_and_one_name) {
    EXPECT_OK(root->symlink("t", "l"));
    EXPECT_EQ(stat("l").permissions, 0777);
    EXPECT_EQ(stat("l").links, 1U);
    EXPECT_EQ(stat("l").type, FileType::symbolic_link);
}

TEST_P(Symlinks, targets_of_every_length) {
    // Around what fits into an inode, and around a block.
    for (const std::size_t length :
         {1, 58, 59, 60, 61, 100, 255, 1000, 1022, 1023, 1024, 1025, 2000, 4000, 4094, 4095}) {
        if (length > traits().hole - 1) continue;
        const std::string target(length, 't');
        const std::string path = "l" + std::to_string(length);
        ASSERT_OK(root->symlink(target, path)) << length;
        EXPECT_EQ(root->readlink(path).value_or("?"), target);
    }
    remount();
    EXPECT_EQ(root->readlink("l1000").value_or("?"), std::string(1000, 't'));
    EXPECT_EQ(root->readlink("l60").value_or("?"), std::string(60, 't'));
}

TEST_P(Symlinks, target_of_4096_bytes_is_enametoolong) {
    EXPECT_FAILS(ENAMETOOLONG, root->symlink(std::string(4096, 't'), "l"));
    EXPECT_FALSE(exists("l"));
}

TEST_P(Symlinks, empty_target_is_enoent) {
    EXPECT_FAILS(ENOENT, root->symlink("", "l"));
    EXPECT_FALSE(exists("l"));
}

TEST_P(Symlinks, readlink_of_anything_else_is_einval) {
    file("f");
    directory("d");
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    for (const char* name : {"f", "d", "p"}) EXPECT_FAILS(EINVAL, root->readlink(name));
}

TEST_P(Symlinks, link_is_followed_to_a_file) {
    file("f", "content");
    EXPECT_OK(root->symlink("f", "l"));
    EXPECT_EQ(content("l"), "content");
    EXPECT_EQ(root->stat("l", Follow::yes)->inode, stat("f").inode);
    EXPECT_NE(stat("l").inode, stat("f").inode);
}

TEST_P(Symlinks, link_is_followed_in_the_middle) {
    directory("d");
    directory("d/e");
    file("d/e/f", "x");
    EXPECT_OK(root->symlink("d/e", "l"));
    EXPECT_EQ(content("l/f"), "x");
    EXPECT_EQ(stat("l/..").inode, stat("d").inode);
    EXPECT_EQ(names("l"), std::vector<std::string>{"f"});
}

TEST_P(Symlinks, target_is_relative_to_the_directory_of_the_link) {
    directory("d");
    file("f", "top");
    file("d/f", "inner");
    EXPECT_OK(root->symlink("f", "d/l"));
    EXPECT_OK(root->symlink("../f", "d/m"));
    EXPECT_EQ(content("d/l"), "inner");
    EXPECT_EQ(content("d/m"), "top");
    directory("e");
    EXPECT_OK(root->rename("d/m", "e/m"));
    EXPECT_EQ(content("e/m"), "top");
}

TEST_P(Symlinks, dangling_link_is_enoent_when_followed) {
    EXPECT_OK(root->symlink("none", "l"));
    EXPECT_FAILS(ENOENT, root->stat("l", Follow::yes));
    EXPECT_FAILS(ENOENT, root->open("l", {}));
    EXPECT_FAILS(ENOENT, root->truncate("l", 0));
    EXPECT_FAILS(ENOENT, root->chmod("l", 0600));
    EXPECT_FAILS(ENOENT, root->list("l", 0, 1));
    EXPECT_FAILS(ENOENT, root->make_file("l/f", 0600));
    EXPECT_OK(root->stat("l", Follow::no));
}

TEST_P(Symlinks, exclusive_create_does_not_follow) {
    EXPECT_OK(root->symlink("none", "l"));
    EXPECT_FAILS(EEXIST, root->make_file("l", 0600));
    EXPECT_FALSE(exists("none"));
}

TEST_P(Symlinks, link_to_itself_is_eloop) {
    EXPECT_OK(root->symlink("l", "l"));
    EXPECT_FAILS(ELOOP, root->stat("l", Follow::yes));
    EXPECT_FAILS(ELOOP, root->open("l", {}));
    EXPECT_FAILS(ELOOP, root->stat("l/x", Follow::no));
    EXPECT_FAILS(ELOOP, root->make_file("l/x", 0600));
    EXPECT_FAILS(ELOOP, root->chmod("l", 0600));
    EXPECT_OK(root->stat("l", Follow::no));
    EXPECT_OK(root->unlink("l"));
}

TEST_P(Symlinks, two_links_to_each_other_are_eloop) {
    EXPECT_OK(root->symlink("b", "a"));
    EXPECT_OK(root->symlink("a", "b"));
    EXPECT_FAILS(ELOOP, root->stat("a", Follow::yes));
    EXPECT_FAILS(ELOOP, root->list("b", 0, 1));
}

TEST_P(Symlinks, forty_links_are_followed) {
    file("f", "end");
    std::string target = "f";
    for (int i = 1; i <= 40; ++i) {
        const std::string path = "l" + std::to_string(i);
        EXPECT_OK(root->symlink(target, path));
        target = path;
    }
    EXPECT_EQ(content("l40"), "end");
}

TEST_P(Symlinks, forty_one_links_are_eloop) {
    file("f", "end");
    std::string target = "f";
    for (int i = 1; i <= 41; ++i) {
        const std::string path = "l" + std::to_string(i);
        EXPECT_OK(root->symlink(target, path));
        target = path;
    }
    EXPECT_FAILS(ELOOP, root->stat("l41", Follow::yes));
    EXPECT_OK(root->stat("l41", Follow::no));
    EXPECT_EQ(*root->readlink("l41"), "l40");
}

TEST_P(Symlinks, links_in_one_path_add_up) {
    directory("d");
    EXPECT_OK(root->symlink(".", "d/l"));
    std::string path = "d";
    for (int i = 0; i < 40; ++i) path += "/l";
    EXPECT_OK(root->stat(path, Follow::yes));
    EXPECT_FAILS(ELOOP, root->stat(path + "/l", Follow::yes));
    EXPECT_OK(root->stat(path + "/l", Follow::no));
}

TEST_P(Symlinks, unlink_and_rename_take_the_link_itself) {
    file("f", "x");
    EXPECT_OK(root->symlink("f", "l"));
    EXPECT_OK(root->rename("l", "m"));
    EXPECT_EQ(stat("m").type, FileType::symbolic_link);
    EXPECT_OK(root->unlink("m"));
    EXPECT_EQ(content("f"), "x");
}

TEST_P(Symlinks, slash_behind_a_link_to_a_directory_follows_it) {
    directory("d");
    EXPECT_OK(root->symlink("d", "l"));
    EXPECT_EQ(root->stat("l/", Follow::no)->type, FileType::directory);
    EXPECT_EQ(root->stat("l/.", Follow::no)->type, FileType::directory);
    EXPECT_FAILS(EINVAL, root->readlink("l/"));
}

TEST_P(Symlinks, slash_behind_a_link_to_a_file_is_enotdir) {
    file("f");
    EXPECT_OK(root->symlink("f", "l"));
    EXPECT_FAILS(ENOTDIR, root->stat("l/", Follow::no));
    EXPECT_FAILS(ENOTDIR, root->stat("l/", Follow::yes));
    EXPECT_FAILS(ENOTDIR, root->readlink("l/"));
    EXPECT_FAILS(ENOTDIR, root->open("l/", {}));
}

TEST_P(Symlinks, slash_at_the_end_of_a_target_wants_a_directory) {
    file("f");
    directory("d");
    EXPECT_OK(root->symlink("f/", "l"));
    EXPECT_OK(root->symlink("d/", "m"));
    EXPECT_FAILS(ENOTDIR, root->stat("l", Follow::yes));
    EXPECT_EQ(root->stat("m", Follow::yes)->type, FileType::directory);
}

TEST_P(Symlinks, rmdir_of_a_link_to_a_directory_is_enotdir) {
    directory("d");
    EXPECT_OK(root->symlink("d", "l"));
    EXPECT_FAILS(ENOTDIR, root->rmdir("l"));
    EXPECT_FAILS(ENOTDIR, root->rmdir("l/"));
    EXPECT_FAILS(ENOTDIR, root->unlink("l/"));
    EXPECT_TRUE(exists("l"));
    EXPECT_TRUE(exists("d"));
}

TEST_P(Symlinks, mkdir_onto_a_link_is_eexist) {
    EXPECT_OK(root->symlink("none", "l"));
    EXPECT_FAILS(EEXIST, root->mkdir("l", 0700));
    EXPECT_FAILS(EEXIST, root->mkdir("l/", 0700));
    EXPECT_FALSE(exists("none"));
}

TEST_P(Symlinks, absolute_target_starts_at_the_top) {
    NEEDS(traits().rooted_links, "its absolute links leave the top directory");
    directory("d");
    file("f", "x");
    EXPECT_OK(root->symlink("/f", "d/l"));
    EXPECT_OK(root->symlink("/../../d", "m"));
    EXPECT_EQ(content("d/l"), "x");
    EXPECT_EQ(root->stat("m", Follow::yes)->inode, stat("d").inode);
}

TEST_P(Symlinks, target_with_too_long_a_name_is_enametoolong) {
    EXPECT_OK(root->symlink(std::string(256, 'n'), "l"));
    EXPECT_FAILS(ENAMETOOLONG, root->stat("l", Follow::yes));
    EXPECT_OK(root->stat("l", Follow::no));
}

TEST_P(Symlinks, target_through_a_file_is_enotdir) {
    file("f");
    EXPECT_OK(root->symlink("f/x", "l"));
    EXPECT_FAILS(ENOTDIR, root->stat("l", Follow::yes));
}

TEST_P(Symlinks, times_and_owner_of_the_link_itself) {
    NEEDS(traits().users, "owners cannot be set");
    file("f");
    EXPECT_OK(root->symlink("f", "l"));
    const Time time{1'234'567'890, 123'456'789};
    EXPECT_OK(root->set_times("l", time, time, Follow::no));
    EXPECT_OK(root->chown("l", 7, 8, Follow::no));
    EXPECT_EQ(stat("l").modify, time);
    EXPECT_EQ(stat("l").uid, 7U);
    EXPECT_EQ(stat("l").gid, 8U);
    EXPECT_EQ(stat("f").uid, 0U);
    EXPECT_NE(stat("f").modify, time);
    EXPECT_OK(root->set_times("l", time, time, Follow::yes));
    EXPECT_OK(root->chown("l", 9, 9, Follow::yes));
    EXPECT_EQ(stat("f").modify, time);
    EXPECT_EQ(stat("f").uid, 9U);
    EXPECT_EQ(stat("l").uid, 7U);
}

}  // namespace
}  // namespace quire::conformance
