// SPDX-License-Identifier: MIT

// POSIX access control lists, as extended attributes in the kernel's form: acl(5).

#include <unistd.h>

#include <algorithm>

#include "suite.hpp"

namespace quire::conformance {
namespace {

constexpr const char* access_list = "system.posix_acl_access";
constexpr const char* default_list = "system.posix_acl_default";
enum class Tag : std::uint16_t {
    owner = 1,
    user = 2,
    group = 4,
    named_group = 8,
    mask = 16,
    other = 32
};

struct Entry {
    Tag tag = Tag::other;
    std::uint16_t permissions = 0;
    std::uint32_t id = ~0U;
};

std::string list_of(std::initializer_list<Entry> entries, std::uint32_t version = 2) {
    std::string bytes;
    const auto put = [&](std::uint32_t value, int count) {
        for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
    };
    put(version, 4);
    for (const Entry& entry : entries) {
        put(static_cast<std::uint32_t>(entry.tag), 2);
        put(entry.permissions, 2);
        put(entry.id, 4);
    }
    return bytes;
}

class AccessLists : public Conformance {
protected:
    void SetUp() override {
        Conformance::SetUp();
        NEEDS(traits().access_lists, "it has no access lists");
        NEEDS(traits().users, "it cannot act as others: that needs root");
        alice = user(1000, 1000);
        bob = user(1001, 1001, {50, 51});
    }
    void TearDown() override {
        alice.reset();
        bob.reset();
        Conformance::TearDown();
    }
    Result<void> set(const std::string& path, const char* name, const std::string& value) {
        return root->set_attribute(path, name, value, fs::SetAttributeMode::either, Follow::no);
    }
    Result<std::string> get(const std::string& path, const char* name) {
        return root->get_attribute(path, name, Follow::no);
    }

    std::shared_ptr<Subject> alice;
    std::shared_ptr<Subject> bob;
};
INSTANTIATE_TEST_SUITE_P(Volumes, AccessLists, ::testing::ValuesIn(kinds()), kind_name);

const std::string alice_reads = list_of(
    {{Tag::owner, 6}, {Tag::user, 4, 1000}, {Tag::group, 0}, {Tag::mask, 6}, {Tag::other, 0}});

TEST_P(AccessLists, without_one_there_is_enodata) {
    file("f");
    directory("d");
    EXPECT_FAILS(ENODATA, get("f", access_list));
    EXPECT_FAILS(ENODATA, get("d", default_list));
}

TEST_P(AccessLists, list_is_read_back_and_listed) {
    file("f");
    EXPECT_OK(set("f", access_list, alice_reads));
    EXPECT_EQ(get("f", access_list).value_or("?"), alice_reads);
    const auto names = root->list_attributes("f", Follow::no);
    ASSERT_OK(names);
    EXPECT_EQ(std::ranges::count(*names, access_list), 1);
    remount();
    EXPECT_EQ(get("f", access_list).value_or("?"), alice_reads);
}

TEST_P(AccessLists, named_user_has_what_the_list_says) {
    file("f", "x", 0600);
    EXPECT_OK(set("f", access_list, alice_reads));
    EXPECT_OK(alice->open("f", reading));
    EXPECT_FAILS(EACCES, alice->open("f", writing));
    EXPECT_FAILS(EACCES, bob->open("f", reading));
}

TEST_P(AccessLists, mask_limits_named_entries) {
    file("f", "x");
    EXPECT_OK(set("f", access_list,
                  list_of({{Tag::owner, 7},
                           {Tag::user, 7, 1000},
                           {Tag::group, 7},
                           {Tag::named_group, 7, 50},
                           {Tag::mask, 4},
                           {Tag::other, 0}})));
    EXPECT_OK(alice->access("f", R_OK));
    EXPECT_FAILS(EACCES, alice->access("f", W_OK));
    EXPECT_OK(bob->access("f", R_OK));
    EXPECT_FAILS(EACCES, bob->access("f", X_OK));
}

TEST_P(AccessLists, mask_limits_neither_owner_nor_others) {
    file("f", "x");
    EXPECT_OK(root->chown("f", 1000, 0, Follow::no));
    EXPECT_OK(set("f", access_list,
                  list_of({{Tag::owner, 6},
                           {Tag::user, 7, 5},
                           {Tag::group, 7},
                           {Tag::mask, 0},
                           {Tag::other, 6}})));
    EXPECT_OK(alice->access("f", R_OK | W_OK));
    EXPECT_OK(bob->access("f", R_OK | W_OK));
}

TEST_P(AccessLists, permission_bits_show_the_mask) {
    file("f");
    EXPECT_OK(set("f", access_list, alice_reads));
    EXPECT_EQ(stat("f").permissions, 0660);
}

TEST_P(AccessLists, chmod_changes_the_mask) {
    file("f", "x");
    EXPECT_OK(set("f", access_list, alice_reads));
    EXPECT_OK(root->chmod("f", 0704));
    EXPECT_EQ(get("f", access_list).value_or("?"), list_of({{Tag::owner, 7},
                                                            {Tag::user, 4, 1000},
                                                            {Tag::group, 0},
                                                            {Tag::mask, 0},
                                                            {Tag::other, 4}}));
    if (traits().heeds_empty_mask) {
        EXPECT_FAILS(EACCES, alice->open("f", reading));
    }
    EXPECT_OK(bob->open("f", reading));
    EXPECT_EQ(stat("f").permissions, 0704);
}

TEST_P(AccessLists, groups_add_up_for_one_request_only) {
    file("f", "x");
    EXPECT_OK(set("f", access_list,
                  list_of({{Tag::owner, 6},
                           {Tag::group, 0},
                           {Tag::named_group, 4, 50},
                           {Tag::named_group, 2, 51},
                           {Tag::mask, 7},
                           {Tag::other, 7}})));
    EXPECT_OK(bob->access("f", R_OK));
    EXPECT_OK(bob->access("f", W_OK));
    EXPECT_FAILS(EACCES, bob->access("f", R_OK | W_OK));
    EXPECT_OK(alice->access("f", R_OK | W_OK | X_OK));
}

TEST_P(AccessLists, named_user_comes_before_groups) {
    file("f", "x");
    EXPECT_OK(set("f", access_list,
                  list_of({{Tag::owner, 6},
                           {Tag::user, 0, 1001},
                           {Tag::group, 0},
                           {Tag::named_group, 6, 50},
                           {Tag::mask, 6},
                           {Tag::other, 6}})));
    EXPECT_FAILS(EACCES, bob->open("f", reading));
    EXPECT_OK(user(1002, 50)->open("f", reading));
}

TEST_P(AccessLists, minimal_list_is_the_permission_bits) {
    file("f");
    EXPECT_OK(set("f", access_list, alice_reads));
    EXPECT_OK(set("f", access_list, list_of({{Tag::owner, 6}, {Tag::group, 4}, {Tag::other, 1}})));
    EXPECT_EQ(stat("f").permissions, 0641);
    EXPECT_FAILS(ENODATA, get("f", access_list));
}

TEST_P(AccessLists, removed_list_leaves_the_bits) {
    file("f", "x");
    EXPECT_OK(set("f", access_list, alice_reads));
    EXPECT_OK(root->remove_attribute("f", access_list, Follow::no));
    EXPECT_FAILS(ENODATA, get("f", access_list));
    EXPECT_EQ(stat("f").permissions, 0660);
    EXPECT_FAILS(EACCES, alice->open("f", reading));
}

TEST_P(AccessLists, what_is_no_list_is_einval) {
    file("f");
    const Entry owner{Tag::owner, 6};
    const Entry group{Tag::group, 4};
    const Entry other{Tag::other, 0};
    for (const std::string& bad : {
             list_of({owner, group}),                                    // no others
             list_of({group, other}),                                    // no owner
             list_of({owner, {Tag::user, 4, 5}, group, other}),          // no mask
             list_of({group, owner, other}),                             // order
             list_of({owner, owner, group, other}),                      // twice
             list_of({{Tag::owner, 8}, group, other}),                   // no such permission
             list_of({owner, group, other, {static_cast<Tag>(64), 4}}),  // no such tag
             std::string("x"),
         }) {
        EXPECT_FAILS(EINVAL, set("f", access_list, bad));
    }
    EXPECT_FAILS(EOPNOTSUPP, set("f", access_list, list_of({owner, group, other}, 1)));
    EXPECT_EQ(stat("f").permissions, 0644);
}

TEST_P(AccessLists, setting_is_for_the_owner) {
    file("f", "x", 0666);
    EXPECT_FAILS(EPERM, alice->set_attribute("f", access_list, alice_reads,
                                             fs::SetAttributeMode::either, Follow::no));
    EXPECT_FAILS(EPERM, alice->remove_attribute("f", access_list, Follow::no));
    EXPECT_OK(root->chown("f", 1000, 1000, Follow::no));
    EXPECT_OK(alice->set_attribute("f", access_list, alice_reads, fs::SetAttributeMode::either,
                                   Follow::no));
    EXPECT_EQ(bob->get_attribute("f", access_list, Follow::no).value_or("?"), alice_reads);
}

TEST_P(AccessLists, symbolic_links_have_none) {
    EXPECT_OK(root->symlink("t", "l"));
    EXPECT_FAILS(EOPNOTSUPP, set("l", access_list, alice_reads));
    EXPECT_FAILS(EOPNOTSUPP, get("l", access_list));
}

TEST_P(AccessLists, files_have_no_default) {
    file("f");
    EXPECT_FAILS(EACCES, set("f", default_list, alice_reads));
    EXPECT_FAILS(ENODATA, get("f", default_list));
}

TEST_P(AccessLists, default_is_no_access) {
    directory("d", 0700);
    EXPECT_OK(set("d", default_list, alice_reads));
    EXPECT_EQ(stat("d").permissions, 0700);
    EXPECT_FAILS(EACCES, alice->list("d", 0, 10));
}

TEST_P(AccessLists, new_files_inherit_the_default) {
    directory("d");
    EXPECT_OK(set("d", default_list, alice_reads));
    EXPECT_OK(root->make_file("d/f", 0666));
    EXPECT_EQ(get("d/f", access_list).value_or("?"), alice_reads);
    EXPECT_EQ(stat("d/f").permissions, 0660);
    EXPECT_FAILS(ENODATA, get("d/f", default_list));
    EXPECT_OK(alice->open("d/f", reading));
}

TEST_P(AccessLists, new_files_get_no_more_than_was_asked_for) {
    directory("d");
    EXPECT_OK(set("d", default_list, alice_reads));
    EXPECT_OK(root->make_file("d/f", 0400));
    EXPECT_EQ(stat("d/f").permissions, 0400);
    EXPECT_FAILS(EACCES, alice->open("d/f", reading));
    EXPECT_OK(root->chmod("d/f", 0440));
    EXPECT_OK(alice->open("d/f", reading));
}

TEST_P(AccessLists, default_takes_the_place_of_the_umask) {
    directory("d");
    EXPECT_OK(set("d", default_list, alice_reads));
    const auto masked = user(0, 0, {}, 077);
    EXPECT_OK(masked->make_file("d/f", 0666));
    EXPECT_EQ(stat("d/f").permissions, 0660);
    EXPECT_OK(masked->make_file("g", 0666));
    EXPECT_EQ(stat("g").permissions, 0600);
}

TEST_P(AccessLists, new_directories_inherit_and_pass_on) {
    directory("d");
    EXPECT_OK(set("d", default_list, alice_reads));
    EXPECT_OK(root->mkdir("d/e", 0777));
    EXPECT_EQ(get("d/e", default_list).value_or("?"), alice_reads);
    EXPECT_EQ(get("d/e", access_list).value_or("?"), alice_reads);
    EXPECT_OK(root->mkdir("d/e/f", 0777));
    EXPECT_EQ(get("d/e/f", default_list).value_or("?"), alice_reads);
}

TEST_P(AccessLists, minimal_default_leaves_bits_only) {
    directory("d");
    const std::string minimal = list_of({{Tag::owner, 7}, {Tag::group, 5}, {Tag::other, 0}});
    EXPECT_OK(set("d", default_list, minimal));
    EXPECT_OK(root->make_file("d/f", 0666));
    EXPECT_EQ(stat("d/f").permissions, 0640);
    EXPECT_FAILS(ENODATA, get("d/f", access_list));
    EXPECT_OK(root->mkdir("d/e", 0777));
    EXPECT_EQ(get("d/e", default_list).value_or("?"), minimal);
}

TEST_P(AccessLists, symbolic_links_inherit_nothing) {
    directory("d");
    EXPECT_OK(set("d", default_list, alice_reads));
    EXPECT_OK(root->symlink("t", "d/l"));
    EXPECT_EQ(stat("d/l").permissions, 0777);
}

TEST_P(AccessLists, removed_default_is_inherited_no_more) {
    directory("d");
    EXPECT_OK(set("d", default_list, alice_reads));
    EXPECT_OK(root->remove_attribute("d", default_list, Follow::no));
    EXPECT_FAILS(ENODATA, get("d", default_list));
    EXPECT_OK(root->make_file("d/f", 0644));
    EXPECT_EQ(stat("d/f").permissions, 0644);
    EXPECT_FAILS(ENODATA, get("d/f", access_list));
}

TEST_P(AccessLists, directory_list_decides_about_search) {
    directory("d", 0700);
    file("d/f", "x", 0644);
    EXPECT_OK(set("d", access_list,
                  list_of({{Tag::owner, 7},
                           {Tag::user, 1, 1000},
                           {Tag::group, 0},
                           {Tag::mask, 7},
                           {Tag::other, 0}})));
    EXPECT_OK(alice->open("d/f", reading));
    EXPECT_FAILS(EACCES, alice->list("d", 0, 10));
    EXPECT_FAILS(EACCES, bob->open("d/f", reading));
}

TEST_P(AccessLists, list_follows_its_node) {
    directory("d");
    file("f", "x", 0600);
    EXPECT_OK(set("f", access_list, alice_reads));
    EXPECT_OK(root->rename("f", "d/g"));
    EXPECT_OK(root->link("d/g", "h"));
    EXPECT_EQ(get("h", access_list).value_or("?"), alice_reads);
    EXPECT_OK(alice->open("d/g", reading));
}

}  // namespace
}  // namespace quire::conformance
