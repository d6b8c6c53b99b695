// SPDX-License-Identifier: MIT

// Extended attributes: xattr(7).

#include <algorithm>

#include "suite.hpp"

namespace quire::conformance {
namespace {

using fs::SetAttributeMode;

class ExtendedAttributes : public Conformance {
protected:
    void SetUp() override {
        Conformance::SetUp();
        NEEDS(traits().user_attributes, "it has no extended attributes");
    }
    Result<void> set(const std::string& path, const std::string& name, std::string_view value,
                     SetAttributeMode mode = SetAttributeMode::either) {
        return root->set_attribute(path, name, value, mode, Follow::no);
    }
    Result<std::string> get(const std::string& path, const std::string& name) {
        return root->get_attribute(path, name, Follow::no);
    }
    Result<void> remove(const std::string& path, const std::string& name) {
        return root->remove_attribute(path, name, Follow::no);
    }
    /// Without what the machine's security modules add.
    std::vector<std::string> list(const std::string& path) {
        auto names = root->list_attributes(path, Follow::no);
        EXPECT_OK(names);
        std::vector<std::string> result = names.value_or(std::vector<std::string>());
        std::erase_if(result,
                      [](const std::string& name) { return name.starts_with("security."); });
        return result;
    }
};
INSTANTIATE_TEST_SUITE_P(Volumes, ExtendedAttributes, ::testing::ValuesIn(kinds()), kind_name);

TEST_P(ExtendedAttributes, value_is_read_back) {
    file("f");
    EXPECT_OK(set("f", "user.a", "value"));
    EXPECT_EQ(get("f", "user.a").value_or("?"), "value");
    EXPECT_EQ(list("f"), std::vector<std::string>{"user.a"});
    remount();
    EXPECT_EQ(get("f", "user.a").value_or("?"), "value");
}

TEST_P(ExtendedAttributes, values_are_bytes) {
    file("f");
    const std::string value("\0\1\xff\n\0", 5);
    EXPECT_OK(set("f", "user.a", value));
    EXPECT_EQ(get("f", "user.a").value_or("?"), value);
}

TEST_P(ExtendedAttributes, empty_value_is_a_value) {
    file("f");
    EXPECT_OK(set("f", "user.a", ""));
    EXPECT_EQ(get("f", "user.a").value_or("?"), "");
    EXPECT_EQ(list("f").size(), 1U);
}

TEST_P(ExtendedAttributes, values_of_every_length) {
    file("f");
    for (const std::size_t length : {1U, 2U, 3U, 4U, 5U, 31U, 60U, 95U, 100U, 130U, 500U, 900U}) {
        const std::string value(length, 'v');
        EXPECT_OK(set("f", "user.a", value));
        EXPECT_EQ(get("f", "user.a").value_or("?"), value);
    }
    for (const std::size_t length : {900U, 100U, 3U, 0U}) {
        EXPECT_OK(set("f", "user.a", std::string(length, 'w')));
        EXPECT_EQ(get("f", "user.a").value_or("?"), std::string(length, 'w'));
    }
}

TEST_P(ExtendedAttributes, missing_attribute_is_enodata) {
    file("f");
    EXPECT_FAILS(ENODATA, get("f", "user.none"));
    EXPECT_FAILS(ENODATA, remove("f", "user.none"));
    EXPECT_OK(set("f", "user.a", "x"));
    EXPECT_FAILS(ENODATA, get("f", "user.aa"));
    EXPECT_FAILS(ENODATA, get("f", "user.b"));
    EXPECT_FAILS(ENODATA, remove("f", "user.b"));
}

TEST_P(ExtendedAttributes, missing_file_is_enoent) {
    EXPECT_FAILS(ENOENT, get("none", "user.a"));
    EXPECT_FAILS(ENOENT, set("none", "user.a", "x"));
    EXPECT_FAILS(ENOENT, remove("none", "user.a"));
    EXPECT_FAILS(ENOENT, root->list_attributes("none", Follow::no));
}

TEST_P(ExtendedAttributes, create_only) {
    file("f");
    EXPECT_OK(set("f", "user.a", "x", SetAttributeMode::create));
    EXPECT_FAILS(EEXIST, set("f", "user.a", "y", SetAttributeMode::create));
    EXPECT_EQ(get("f", "user.a").value_or("?"), "x");
}

TEST_P(ExtendedAttributes, replace_only) {
    file("f");
    EXPECT_FAILS(ENODATA, set("f", "user.a", "x", SetAttributeMode::replace));
    EXPECT_TRUE(list("f").empty());
    EXPECT_OK(set("f", "user.a", "x"));
    EXPECT_OK(set("f", "user.a", "y", SetAttributeMode::replace));
    EXPECT_EQ(get("f", "user.a").value_or("?"), "y");
}

TEST_P(ExtendedAttributes, removed_attribute_is_gone) {
    file("f");
    EXPECT_OK(set("f", "user.a", "x"));
    EXPECT_OK(set("f", "user.b", "y"));
    EXPECT_OK(remove("f", "user.a"));
    EXPECT_FAILS(ENODATA, get("f", "user.a"));
    EXPECT_EQ(list("f"), std::vector<std::string>{"user.b"});
    EXPECT_OK(remove("f", "user.b"));
    EXPECT_TRUE(list("f").empty());
}

TEST_P(ExtendedAttributes, several_come_and_go) {
    file("f");
    std::vector<std::string> expected;
    for (int i = 0; i < 20; ++i) {
        expected.push_back("user.name" + std::to_string(i));
        EXPECT_OK(set("f", expected.back(), "value " + std::to_string(i)));
    }
    std::ranges::sort(expected);
    EXPECT_EQ(list("f"), expected);
    for (int i = 0; i < 20; i += 2) EXPECT_OK(remove("f", "user.name" + std::to_string(i)));
    EXPECT_EQ(list("f").size(), 10U);
    EXPECT_EQ(get("f", "user.name7").value_or("?"), "value 7");
    remount();
    EXPECT_EQ(list("f").size(), 10U);
}

TEST_P(ExtendedAttributes, names_of_every_length) {
    file("f");
    const std::string longest = "user." + std::string(250, 'n');
    EXPECT_OK(set("f", longest, "x"));
    EXPECT_EQ(get("f", longest).value_or("?"), "x");
    EXPECT_EQ(list("f"), std::vector<std::string>{longest});
    EXPECT_FAILS(ERANGE, set("f", longest + "n", "x"));
    EXPECT_FAILS(ERANGE, get("f", longest + "n"));
    EXPECT_FAILS(ERANGE, remove("f", longest + "n"));
    EXPECT_FAILS(ERANGE, set("f", "", "x"));
    EXPECT_FAILS(ERANGE, get("f", ""));
}

TEST_P(ExtendedAttributes, namespace_without_a_name_is_einval) {
    file("f");
    EXPECT_FAILS(EINVAL, set("f", "user.", "x"));
    EXPECT_FAILS(EINVAL, get("f", "user."));
    EXPECT_FAILS(EINVAL, remove("f", "user."));
}

TEST_P(ExtendedAttributes, unknown_namespace_is_eopnotsupp) {
    file("f");
    for (const char* name : {"name", "user", "other.name", "User.name", ".name", "system.name"}) {
        SCOPED_TRACE(name);
        EXPECT_FAILS(EOPNOTSUPP, set("f", name, "x"));
        EXPECT_FAILS(EOPNOTSUPP, get("f", name));
        EXPECT_FAILS(EOPNOTSUPP, remove("f", name));
    }
}

TEST_P(ExtendedAttributes, value_over_64_kib_is_e2big) {
    file("f");
    EXPECT_FAILS(E2BIG, set("f", "user.a", std::string(65'537, 'x')));
    EXPECT_FAILS(ENODATA, get("f", "user.a"));
}

TEST_P(ExtendedAttributes, value_without_room_is_enospc) {
    NEEDS(traits().attribute_limit != 0, "it has room for every value");
    file("f");
    EXPECT_OK(set("f", "user.a", "before"));
    EXPECT_FAILS(ENOSPC, set("f", "user.a", std::string(traits().attribute_limit, 'x')));
    EXPECT_EQ(get("f", "user.a").value_or("?"), "before");
    EXPECT_FAILS(ENOSPC, set("f", "user.b", std::string(60'000, 'x')));
    EXPECT_EQ(list("f").size(), 1U);
}

TEST_P(ExtendedAttributes, directories_have_them) {
    directory("d");
    EXPECT_OK(set("d", "user.a", "x"));
    EXPECT_EQ(get("d", "user.a").value_or("?"), "x");
    EXPECT_OK(root->rmdir("d"));
}

TEST_P(ExtendedAttributes, user_attributes_are_not_for_other_types) {
    EXPECT_OK(root->symlink("t", "l"));
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_OK(root->mknod("s", 0600, FileType::socket, {}));
    for (const char* path : {"l", "p", "s"}) {
        EXPECT_FAILS(EPERM, set(path, "user.a", "x"));
        EXPECT_FAILS(ENODATA, get(path, "user.a"));
        EXPECT_FAILS(EPERM, remove(path, "user.a"));
        EXPECT_TRUE(list(path).empty());
    }
}

TEST_P(ExtendedAttributes, trusted_attributes_are_for_every_type) {
    NEEDS(traits().trusted_attributes, "it has no trusted attributes");
    file("f");
    EXPECT_OK(root->symlink("t", "l"));
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    for (const char* path : {"f", "l", "p"}) {
        EXPECT_OK(set(path, "trusted.a", "x"));
        EXPECT_EQ(get(path, "trusted.a").value_or("?"), "x");
    }
}

TEST_P(ExtendedAttributes, links_are_followed_when_asked) {
    file("f");
    EXPECT_OK(root->symlink("f", "l"));
    EXPECT_OK(root->set_attribute("l", "user.a", "x", SetAttributeMode::either, Follow::yes));
    EXPECT_EQ(get("f", "user.a").value_or("?"), "x");
    EXPECT_FAILS(ENODATA, get("l", "user.a"));
}

TEST_P(ExtendedAttributes, namespaces_are_apart) {
    NEEDS(traits().trusted_attributes, "it has no trusted attributes");
    file("f");
    EXPECT_OK(set("f", "user.a", "u"));
    EXPECT_OK(set("f", "trusted.a", "t"));
    EXPECT_EQ(get("f", "user.a").value_or("?"), "u");
    EXPECT_EQ(get("f", "trusted.a").value_or("?"), "t");
    EXPECT_EQ(list("f"), (std::vector<std::string>{"trusted.a", "user.a"}));
}

TEST_P(ExtendedAttributes, users_need_permissions_of_the_file) {
    NEEDS(traits().users, "it cannot act as others");
    file("f", "", 0644);
    const auto alice = user(1000, 1000);
    const auto either = SetAttributeMode::either;
    EXPECT_OK(set("f", "user.a", "x"));
    EXPECT_EQ(alice->get_attribute("f", "user.a", Follow::no).value_or("?"), "x");
    EXPECT_FAILS(EACCES, alice->set_attribute("f", "user.a", "y", either, Follow::no));
    EXPECT_FAILS(EACCES, alice->remove_attribute("f", "user.a", Follow::no));
    EXPECT_OK(root->chmod("f", 0602));
    EXPECT_FAILS(EACCES, alice->get_attribute("f", "user.a", Follow::no));
    EXPECT_OK(alice->set_attribute("f", "user.a", "y", either, Follow::no));
    EXPECT_EQ(alice->list_attributes("f", Follow::no).value_or(std::vector<std::string>()).size(),
              1U);
}

TEST_P(ExtendedAttributes, trusted_attributes_are_hidden_from_users) {
    NEEDS(traits().users && traits().trusted_attributes, "it cannot act as others");
    file("f", "", 0666);
    const auto alice = user(1000, 1000);
    EXPECT_OK(set("f", "trusted.a", "x"));
    EXPECT_OK(set("f", "user.a", "x"));
    EXPECT_FAILS(ENODATA, alice->get_attribute("f", "trusted.a", Follow::no));
    EXPECT_FAILS(EPERM,
                 alice->set_attribute("f", "trusted.a", "y", SetAttributeMode::either, Follow::no));
    EXPECT_FAILS(EPERM, alice->remove_attribute("f", "trusted.a", Follow::no));
    EXPECT_EQ(alice->list_attributes("f", Follow::no).value_or(std::vector<std::string>()),
              std::vector<std::string>{"user.a"});
}

TEST_P(ExtendedAttributes, sticky_directories_take_them_from_their_owner_only) {
    NEEDS(traits().users, "it cannot act as others");
    directory("d", 01777);
    const auto alice = user(1000, 1000);
    EXPECT_FAILS(EPERM,
                 alice->set_attribute("d", "user.a", "x", SetAttributeMode::either, Follow::no));
    EXPECT_OK(root->chown("d", 1000, 1000, Follow::no));
    EXPECT_OK(alice->set_attribute("d", "user.a", "x", SetAttributeMode::either, Follow::no));
}

TEST_P(ExtendedAttributes, changes_change_the_change_time_only) {
    file("f");
    const Time old{1'000'000'000, 1};
    EXPECT_OK(root->set_times("f", old, old, Follow::no));
    Time before = stat("f").change;
    EXPECT_OK(set("f", "user.a", "x"));
    EXPECT_EQ(stat("f").modify, old);
    expect_later(stat("f").change, before);
    before = stat("f").change;
    EXPECT_OK(remove("f", "user.a"));
    EXPECT_EQ(stat("f").modify, old);
    expect_later(stat("f").change, before);
}

TEST_P(ExtendedAttributes, they_stay_with_the_node) {
    file("f");
    EXPECT_OK(set("f", "user.a", "x"));
    EXPECT_OK(root->link("f", "g"));
    EXPECT_OK(root->rename("f", "h"));
    EXPECT_EQ(get("g", "user.a").value_or("?"), "x");
    EXPECT_OK(root->unlink("h"));
    EXPECT_EQ(get("g", "user.a").value_or("?"), "x");
    EXPECT_OK(root->unlink("g"));
    file("g");
    EXPECT_FAILS(ENODATA, get("g", "user.a"));
}

TEST_P(ExtendedAttributes, equal_attributes_of_many_files) {
    for (int i = 0; i < 30; ++i) {
        const std::string path = "f" + std::to_string(i);
        file(path);
        ASSERT_OK(set(path, "user.shared", std::string(600, 's')));
    }
    EXPECT_OK(set("f3", "user.shared", std::string(600, 'o')));
    EXPECT_OK(root->unlink("f4"));
    EXPECT_EQ(get("f5", "user.shared").value_or("?"), std::string(600, 's'));
    EXPECT_EQ(get("f3", "user.shared").value_or("?"), std::string(600, 'o'));
}

TEST_P(ExtendedAttributes, writing_takes_capabilities_from_a_file) {
    NEEDS(traits().trusted_attributes, "it has no security attributes");
    file("f", "x");
    // VFS_CAP_REVISION_2 with one permitted capability (capability.h).
    const std::string capability("\0\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    EXPECT_OK(set("f", "security.capability", capability));
    EXPECT_EQ(get("f", "security.capability").value_or("?"), capability);
    EXPECT_OK(open("f")->write(0, "y"));
    EXPECT_FAILS(ENODATA, get("f", "security.capability"));
}

}  // namespace
}  // namespace quire::conformance
