// SPDX-License-Identifier: MIT

// Who may do what: owner, group and others, supplementary groups, sticky and set-group-id
// directories.

#include <unistd.h>

#include "suite.hpp"

namespace quire::conformance {
namespace {

class Permissions : public Conformance {
protected:
    void SetUp() override {
        Conformance::SetUp();
        NEEDS(traits().users, "it cannot act as others: that needs root");
        alice = user(1000, 1000);
        bob = user(1001, 1001);
        carol = user(1002, 1002, {50, 1000});  // in alice's group
    }
    void TearDown() override {
        alice.reset();
        bob.reset();
        carol.reset();
        Conformance::TearDown();
    }
    /// A file with this owner and mode.
    void owned_file(const std::string& path, std::uint32_t uid, std::uint32_t gid,
                    std::uint16_t permissions) {
        file(path, "x");
        owned(path, uid, gid, permissions);
    }
    void owned_directory(const std::string& path, std::uint32_t uid, std::uint32_t gid,
                         std::uint16_t permissions) {
        directory(path);
        owned(path, uid, gid, permissions);
    }

    std::shared_ptr<Subject> alice;
    std::shared_ptr<Subject> bob;
    std::shared_ptr<Subject> carol;
};
INSTANTIATE_TEST_SUITE_P(Volumes, Permissions, ::testing::ValuesIn(kinds()), kind_name);

TEST_P(Permissions, owner_bits_are_for_the_owner_alone) {
    owned_file("f", 1000, 1000, 0600);
    EXPECT_OK(alice->open("f", reading));
    EXPECT_OK(alice->open("f", writing));
    EXPECT_FAILS(EACCES, bob->open("f", reading));
    EXPECT_FAILS(EACCES, carol->open("f", writing));
}

TEST_P(Permissions, owner_has_no_more_than_the_owner_bits) {
    owned_file("f", 1000, 1000, 0077);
    EXPECT_FAILS(EACCES, alice->open("f", reading));
    EXPECT_FAILS(EACCES, alice->open("f", writing));
    EXPECT_OK(carol->open("f", reading));
    EXPECT_OK(bob->open("f", writing));
}

TEST_P(Permissions, group_has_no_more_than_the_group_bits) {
    owned_file("f", 0, 1000, 0606);
    EXPECT_FAILS(EACCES, alice->open("f", reading));
    EXPECT_FAILS(EACCES, carol->open("f", reading));
    EXPECT_OK(bob->open("f", reading));
}

TEST_P(Permissions, supplementary_groups_count) {
    owned_file("f", 0, 50, 0640);
    EXPECT_OK(carol->open("f", reading));
    EXPECT_FAILS(EACCES, carol->open("f", writing));
    EXPECT_FAILS(EACCES, alice->open("f", reading));
}

TEST_P(Permissions, reading_and_writing_are_apart) {
    owned_file("f", 0, 0, 0604);
    EXPECT_OK(bob->open("f", reading));
    EXPECT_FAILS(EACCES, bob->open("f", writing));
    EXPECT_FAILS(EACCES, bob->open("f", {.read = true, .write = true}));
    EXPECT_OK(root->chmod("f", 0602));
    EXPECT_FAILS(EACCES, bob->open("f", reading));
    EXPECT_OK(bob->open("f", writing));
}

TEST_P(Permissions, access_answers_as_opening_does) {
    owned_file("f", 1000, 1000, 0754);
    EXPECT_OK(alice->access("f", R_OK | W_OK | X_OK));
    EXPECT_OK(carol->access("f", R_OK | X_OK));
    EXPECT_FAILS(EACCES, carol->access("f", W_OK));
    EXPECT_OK(bob->access("f", R_OK));
    EXPECT_FAILS(EACCES, bob->access("f", R_OK | X_OK));
    EXPECT_OK(bob->access("f", F_OK));
}

TEST_P(Permissions, search_is_needed_for_every_directory_of_a_path) {
    owned_directory("d", 0, 0, 0755);
    owned_directory("d/e", 0, 0, 0755);
    owned_file("d/e/f", 0, 0, 0666);
    EXPECT_OK(bob->open("d/e/f", reading));
    EXPECT_OK(root->chmod("d", 0744));
    EXPECT_FAILS(EACCES, bob->open("d/e/f", reading));
    EXPECT_FAILS(EACCES, bob->stat("d/e", Follow::no));
    EXPECT_FAILS(EACCES, bob->stat("d/none", Follow::no));
    if (traits().keeps_dots) {
        EXPECT_FAILS(EACCES, bob->stat("d/.", Follow::no));
    }
    EXPECT_OK(bob->stat("d", Follow::no));
    EXPECT_OK(bob->list("d", 0, 10));
}

TEST_P(Permissions, search_without_reading_finds_known_names) {
    owned_directory("d", 0, 0, 0711);
    owned_file("d/f", 0, 0, 0644);
    EXPECT_OK(bob->stat("d/f", Follow::no));
    EXPECT_OK(bob->open("d/f", reading));
    EXPECT_FAILS(EACCES, bob->list("d", 0, 10));
    EXPECT_FAILS(ENOENT, bob->stat("d/none", Follow::no));
}

TEST_P(Permissions, names_are_made_with_write_permission) {
    owned_directory("d", 0, 0, 0755);
    owned_file("d/f", 1001, 1001, 0666);
    EXPECT_FAILS(EACCES, bob->make_file("d/g", 0600));
    EXPECT_FAILS(EACCES, bob->mkdir("d/g", 0700));
    EXPECT_FAILS(EACCES, bob->symlink("t", "d/g"));
    EXPECT_FAILS(EACCES, bob->mknod("d/g", 0600, FileType::fifo, {}));
    EXPECT_FAILS(EACCES, bob->link("d/f", "d/g"));
    EXPECT_FAILS(EACCES, bob->unlink("d/f"));
    EXPECT_FAILS(EACCES, bob->rename("d/f", "d/g"));
    EXPECT_EQ(names("d"), std::vector<std::string>{"f"});
}

TEST_P(Permissions, write_without_search_is_not_enough) {
    owned_directory("d", 0, 0, 0756);
    file("d/f");
    EXPECT_FAILS(EACCES, bob->make_file("d/g", 0600));
    EXPECT_FAILS(EACCES, bob->unlink("d/f"));
    EXPECT_FAILS(EACCES, bob->unlink("d/none"));
}

TEST_P(Permissions, what_exists_is_told_before_what_is_refused) {
    owned_directory("d", 0, 0, 0755);
    file("d/f");
    EXPECT_FAILS(EEXIST, bob->make_file("d/f", 0600));
    EXPECT_FAILS(EEXIST, bob->mkdir("d/f", 0700));
    EXPECT_FAILS(EEXIST, bob->symlink("t", "d/f"));
    EXPECT_FAILS(ENOENT, bob->unlink("d/none"));
    EXPECT_FAILS(ENOENT, bob->rmdir("d/none"));
    EXPECT_FAILS(ENOENT, bob->rename("d/none", "d/x"));
}

TEST_P(Permissions, removing_needs_the_directory_and_not_the_file) {
    owned_directory("d", 1001, 1001, 0755);
    owned_file("d/f", 0, 0, 0);
    EXPECT_FAILS(EACCES, alice->unlink("d/f"));
    EXPECT_OK(bob->unlink("d/f"));
}

TEST_P(Permissions, new_nodes_belong_to_who_made_them) {
    owned_directory("d", 0, 0, 0777);
    EXPECT_OK(alice->make_file("d/f", 0644));
    EXPECT_OK(alice->mkdir("d/e", 0755));
    EXPECT_OK(alice->symlink("t", "d/l"));
    EXPECT_OK(alice->mknod("d/p", 0644, FileType::fifo, {}));
    for (const char* path : {"d/f", "d/e", "d/l", "d/p"}) {
        EXPECT_EQ(stat(path).uid, 1000U) << path;
        EXPECT_EQ(stat(path).gid, 1000U) << path;
    }
}

TEST_P(Permissions, set_group_id_directory_gives_its_group) {
    owned_directory("d", 0, 70, 02777);
    EXPECT_OK(alice->make_file("d/f", 0644));
    EXPECT_OK(alice->mkdir("d/e", 0755));
    EXPECT_OK(alice->symlink("t", "d/l"));
    for (const char* path : {"d/f", "d/e", "d/l"}) EXPECT_EQ(stat(path).gid, 70U) << path;
    EXPECT_EQ(stat("d/e").permissions, 02755);
    EXPECT_EQ(stat("d/f").permissions, 0644);
    EXPECT_OK(alice->make_file("d/e/g", 0600));
    EXPECT_EQ(stat("d/e/g").gid, 70U);
}

TEST_P(Permissions, set_group_id_directory_gives_no_set_group_id_to_strangers) {
    owned_directory("d", 0, 70, 02777);
    EXPECT_OK(alice->make_file("d/f", 02755));
    EXPECT_EQ(stat("d/f").permissions, 0755);
    EXPECT_OK(user(1003, 1003, {70})->make_file("d/g", 02755));
    EXPECT_EQ(stat("d/g").permissions, 02755);
    EXPECT_OK(root->make_file("d/h", 02755));
    EXPECT_EQ(stat("d/h").permissions, 02755);
}

TEST_P(Permissions, sticky_directory_keeps_others_files) {
    owned_directory("t", 0, 0, 01777);
    EXPECT_OK(alice->make_file("t/f", 0666));
    EXPECT_OK(alice->mkdir("t/d", 0777));
    EXPECT_FAILS(EPERM, bob->unlink("t/f"));
    EXPECT_FAILS(EPERM, bob->rmdir("t/d"));
    EXPECT_FAILS(EPERM, bob->rename("t/f", "t/g"));
    EXPECT_OK(bob->make_file("t/mine", 0600));
    EXPECT_FAILS(EPERM, bob->rename("t/mine", "t/f"));
    EXPECT_FAILS(EPERM, bob->rename("t/mine", "t/f", {.exchange = true}));
    EXPECT_OK(alice->rename("t/f", "t/g"));
    EXPECT_OK(alice->unlink("t/g"));
    EXPECT_OK(root->unlink("t/mine"));
}

TEST_P(Permissions, owner_of_a_sticky_directory_may_remove) {
    owned_directory("t", 1001, 1001, 01777);
    EXPECT_OK(alice->make_file("t/f", 0600));
    EXPECT_FAILS(EPERM, carol->unlink("t/f"));
    EXPECT_OK(bob->unlink("t/f"));
}

TEST_P(Permissions, directory_that_gets_a_new_parent_must_be_writable) {
    owned_directory("a", 1000, 1000, 0755);
    owned_directory("b", 1000, 1000, 0755);
    owned_directory("a/d", 0, 0, 0755);
    EXPECT_FAILS(EACCES, alice->rename("a/d", "b/d"));
    EXPECT_OK(alice->rename("a/d", "a/e"));
    owned("a/e", 1000, 1000, 0755);
    EXPECT_OK(alice->rename("a/e", "b/e"));
}

TEST_P(Permissions, rename_needs_both_directories) {
    owned_directory("a", 1000, 1000, 0755);
    owned_directory("b", 1001, 1001, 0755);
    owned_file("a/f", 1000, 1000, 0644);
    EXPECT_FAILS(EACCES, alice->rename("a/f", "b/f"));
    EXPECT_FAILS(EACCES, bob->rename("a/f", "b/f"));
    EXPECT_OK(root->chmod("b", 0777));
    EXPECT_OK(alice->rename("a/f", "b/f"));
}

TEST_P(Permissions, chmod_is_for_the_owner) {
    owned_file("f", 1000, 1000, 0666);
    EXPECT_FAILS(EPERM, bob->chmod("f", 0600));
    EXPECT_FAILS(EPERM, carol->chmod("f", 0600));
    EXPECT_OK(alice->chmod("f", 0600));
    EXPECT_EQ(stat("f").permissions, 0600);
}

TEST_P(Permissions, set_group_id_is_for_members_of_the_group) {
    owned_file("f", 1000, 60, 0755);
    EXPECT_OK(alice->chmod("f", 02755));
    EXPECT_EQ(stat("f").permissions, 0755);
    owned("f", 1002, 50, 0755);
    EXPECT_OK(carol->chmod("f", 02755));
    EXPECT_EQ(stat("f").permissions, 02755);
}

TEST_P(Permissions, chown_is_for_root) {
    owned_file("f", 1000, 1000, 0644);
    EXPECT_FAILS(EPERM, alice->chown("f", 1001, {}, Follow::no));
    EXPECT_FAILS(EPERM, bob->chown("f", 1001, {}, Follow::no));
    EXPECT_OK(alice->chown("f", 1000, {}, Follow::no));
    EXPECT_EQ(stat("f").uid, 1000U);
}

TEST_P(Permissions, owner_gives_a_file_to_one_of_the_own_groups) {
    owned_file("f", 1002, 1002, 06755);
    EXPECT_FAILS(EPERM, carol->chown("f", {}, 51, Follow::no));
    EXPECT_OK(carol->chown("f", {}, 50, Follow::no));
    EXPECT_EQ(stat("f").gid, 50U);
    EXPECT_EQ(stat("f").permissions, 0755);
    EXPECT_FAILS(EPERM, alice->chown("f", {}, 1000, Follow::no));
}

TEST_P(Permissions, times_are_for_the_owner) {
    owned_file("f", 1000, 1000, 0666);
    const Time time{1'000'000'000, 0};
    EXPECT_FAILS(EPERM, bob->set_times("f", time, time, Follow::no));
    EXPECT_OK(alice->set_times("f", time, time, Follow::no));
    EXPECT_OK(root->chmod("f", 0));
    EXPECT_OK(alice->set_times("f", time, {}, Follow::no));
}

TEST_P(Permissions, truncate_needs_write_permission) {
    owned_file("f", 1000, 1000, 0644);
    EXPECT_FAILS(EACCES, bob->truncate("f", 0));
    EXPECT_OK(alice->truncate("f", 0));
    EXPECT_OK(root->chmod("f", 0444));
    EXPECT_FAILS(EACCES, alice->truncate("f", 0));
}

TEST_P(Permissions, writing_ends_set_user_id) {
    owned_file("f", 1000, 1000, 06777);
    const auto held = bob->open("f", writing);
    ASSERT_OK(held);
    EXPECT_EQ(stat("f").permissions, 06777);
    EXPECT_OK((*held)->write(0, "y"));
    EXPECT_EQ(stat("f").permissions, 0777);
}

TEST_P(Permissions, writing_leaves_set_group_id_without_execution) {
    owned_file("f", 1000, 1000, 06766);
    EXPECT_OK((*alice->open("f", writing))->write(0, "y"));
    EXPECT_EQ(stat("f").permissions, 02766);
}

TEST_P(Permissions, cutting_ends_set_user_id) {
    owned_file("f", 1000, 1000, 04777);
    EXPECT_OK(bob->truncate("f", 0));
    EXPECT_EQ(stat("f").permissions, 0777);
    EXPECT_OK(root->chmod("f", 04777));
    EXPECT_OK((*bob->open("f", writing))->resize(9));
    EXPECT_EQ(stat("f").permissions, 0777);
}

TEST_P(Permissions, reading_links_needs_the_way_only) {
    owned_directory("d", 0, 0, 0711);
    EXPECT_OK(root->symlink("secret", "d/l"));
    EXPECT_EQ(bob->readlink("d/l").value_or("?"), "secret");
    EXPECT_OK(root->chmod("d", 0700));
    EXPECT_FAILS(EACCES, bob->readlink("d/l"));
}

TEST_P(Permissions, links_give_no_rights) {
    owned_directory("d", 0, 0, 0700);
    owned_file("d/f", 0, 0, 0666);
    EXPECT_OK(root->symlink("d/f", "l"));
    EXPECT_FAILS(EACCES, bob->open("l", reading));
    EXPECT_OK(root->chmod("d", 0711));
    EXPECT_OK(bob->open("l", reading));
}

TEST_P(Permissions, root_passes) {
    owned_directory("d", 1000, 1000, 0);
    owned_file("d/f", 1000, 1000, 0);
    EXPECT_EQ(content("d/f"), "x");
    EXPECT_OK(root->list("d", 0, 10));
    EXPECT_OK(root->truncate("d/f", 0));
    EXPECT_OK(root->rename("d/f", "d/g"));
    EXPECT_OK(root->unlink("d/g"));
}

TEST_P(Permissions, user_without_rights_in_their_own_directory) {
    owned_directory("d", 1000, 1000, 0);
    EXPECT_FAILS(EACCES, alice->list("d", 0, 10));
    EXPECT_FAILS(EACCES, alice->make_file("d/f", 0600));
    EXPECT_OK(alice->chmod("d", 0700));
    EXPECT_OK(alice->make_file("d/f", 0600));
}

}  // namespace
}  // namespace quire::conformance
