// SPDX-License-Identifier: MIT

// Names: what may be one, what is found, and what the walk of a path answers.

#include <algorithm>

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(Names);

TEST_P(Names, new_file_is_found_by_its_name) {
    file("f", "content");
    EXPECT_EQ(stat("f").type, FileType::regular);
    EXPECT_EQ(content("f"), "content");
}

TEST_P(Names, missing_name_is_enoent) {
    EXPECT_FAILS(ENOENT, root->stat("none", Follow::yes));
    EXPECT_FAILS(ENOENT, root->open("none", {}));
    EXPECT_FAILS(ENOENT, root->unlink("none"));
    EXPECT_FAILS(ENOENT, root->rmdir("none"));
    EXPECT_FAILS(ENOENT, root->readlink("none"));
    EXPECT_FAILS(ENOENT, root->chmod("none", 0600));
    EXPECT_FAILS(ENOENT, root->truncate("none", 0));
    EXPECT_FAILS(ENOENT, root->list("none", 0, 1));
}

TEST_P(Names, missing_directory_in_the_middle_is_enoent) {
    EXPECT_FAILS(ENOENT, root->make_file("none/f", 0600));
    EXPECT_FAILS(ENOENT, root->mkdir("none/d", 0700));
    EXPECT_FAILS(ENOENT, root->symlink("t", "none/l"));
    EXPECT_FAILS(ENOENT, root->stat("none/f", Follow::no));
    EXPECT_FAILS(ENOENT, root->unlink("none/f"));
    EXPECT_FAILS(ENOENT, root->rmdir("none/d"));
}

TEST_P(Names, file_in_the_middle_is_enotdir) {
    file("f");
    EXPECT_FAILS(ENOTDIR, root->make_file("f/x", 0600));
    EXPECT_FAILS(ENOTDIR, root->mkdir("f/x", 0700));
    EXPECT_FAILS(ENOTDIR, root->symlink("t", "f/x"));
    EXPECT_FAILS(ENOTDIR, root->mknod("f/x", 0600, FileType::fifo, {}));
    EXPECT_FAILS(ENOTDIR, root->stat("f/x", Follow::no));
    EXPECT_FAILS(ENOTDIR, root->open("f/x", {}));
    EXPECT_FAILS(ENOTDIR, root->unlink("f/x"));
    EXPECT_FAILS(ENOTDIR, root->rmdir("f/x"));
    EXPECT_FAILS(ENOTDIR, root->readlink("f/x"));
}

TEST_P(Names, file_with_a_slash_behind_it_is_enotdir) {
    file("f");
    EXPECT_FAILS(ENOTDIR, root->stat("f/", Follow::yes));
    EXPECT_FAILS(ENOTDIR, root->stat("f/", Follow::no));
    EXPECT_FAILS(ENOTDIR, root->open("f/", {}));
    EXPECT_FAILS(ENOTDIR, root->truncate("f/", 0));
    EXPECT_FAILS(ENOTDIR, root->chmod("f/", 0600));
}

TEST_P(Names, file_with_a_dot_behind_it_is_enotdir) {
    file("f");
    EXPECT_FAILS(ENOTDIR, root->stat("f/.", Follow::yes));
    EXPECT_FAILS(ENOTDIR, root->stat("f/..", Follow::yes));
    EXPECT_FAILS(ENOTDIR, root->stat("f/../f", Follow::yes));
}

TEST_P(Names, directory_with_a_slash_behind_it_is_found) {
    directory("d");
    EXPECT_OK(root->stat("d/", Follow::yes));
    EXPECT_OK(root->stat("d/.", Follow::yes));
    EXPECT_OK(root->stat("d//", Follow::no));
    EXPECT_OK(root->list("d/", 0, 10));
}

TEST_P(Names, repeated_slashes_are_one) {
    directory("d");
    file("d//f", "x");
    EXPECT_EQ(content("d///f"), "x");
    EXPECT_EQ(content("./d/./f"), "x");
}

TEST_P(Names, dots_step_up_and_stay) {
    directory("d");
    directory("d/e");
    file("f", "x");
    EXPECT_EQ(content("d/e/../../f"), "x");
    EXPECT_EQ(stat("d/e/..").inode, stat("d").inode);
    EXPECT_EQ(stat("d/e/.").inode, stat("d/e").inode);
    EXPECT_FAILS(ENOENT, root->stat("none/..", Follow::yes));
}

TEST_P(Names, existing_name_is_eexist) {
    file("f");
    directory("d");
    EXPECT_OK(root->symlink("dangling", "l"));
    for (const char* name : {"f", "d", "l"}) {
        SCOPED_TRACE(name);
        EXPECT_FAILS(EEXIST, root->make_file(name, 0600));
        EXPECT_FAILS(EEXIST, root->mkdir(name, 0700));
        EXPECT_FAILS(EEXIST, root->symlink("t", name));
        EXPECT_FAILS(EEXIST, root->mknod(name, 0600, FileType::fifo, {}));
        EXPECT_FAILS(EEXIST, root->link("f", name));
    }
    EXPECT_EQ(stat("l").type, FileType::symbolic_link);
}

TEST_P(Names, name_of_255_bytes_is_a_name) {
    const std::string longest(255, 'n');
    file(longest, "x");
    EXPECT_EQ(content(longest), "x");
    EXPECT_EQ(names("."), std::vector{longest});
    EXPECT_OK(root->unlink(longest));
    EXPECT_OK(root->mkdir(longest, 0755));
    EXPECT_OK(root->make_file(longest + "/" + longest, 0600));
    EXPECT_OK(root->symlink("t", longest + "/l"));
    EXPECT_OK(root->rename(longest + "/l", longest + "/" + std::string(255, 'l')));
    EXPECT_EQ(names(longest).size(), 2U);
}

TEST_P(Names, name_of_256_bytes_is_enametoolong) {
    const std::string longer(256, 'n');
    file("f");
    directory("d");
    EXPECT_FAILS(ENAMETOOLONG, root->make_file(longer, 0600));
    EXPECT_FAILS(ENAMETOOLONG, root->mkdir(longer, 0700));
    EXPECT_FAILS(ENAMETOOLONG, root->mknod(longer, 0600, FileType::fifo, {}));
    EXPECT_FAILS(ENAMETOOLONG, root->symlink("t", longer));
    EXPECT_FAILS(ENAMETOOLONG, root->link("f", longer));
    EXPECT_FAILS(ENAMETOOLONG, root->rename("f", longer));
    EXPECT_FAILS(ENAMETOOLONG, root->rename(longer, "g"));
    EXPECT_FAILS(ENAMETOOLONG, root->stat(longer, Follow::yes));
    EXPECT_FAILS(ENAMETOOLONG, root->open(longer, {}));
    EXPECT_FAILS(ENAMETOOLONG, root->unlink(longer));
    EXPECT_FAILS(ENAMETOOLONG, root->rmdir(longer));
    EXPECT_FAILS(ENAMETOOLONG, root->readlink(longer));
    EXPECT_FAILS(ENAMETOOLONG, root->stat("d/" + longer, Follow::yes));
    EXPECT_FAILS(ENAMETOOLONG, root->stat(longer + "/f", Follow::yes));
    EXPECT_EQ(names("."), (std::vector<std::string>{"d", "f"}));
}

TEST_P(Names, path_of_4095_bytes_is_a_path) {
    directory("d");
    file("d/f", "x");
    std::string path = "d/f";
    while (path.size() + 2 <= 4095) path.insert(0, "./");
    path.insert(1, std::string(4095 - path.size(), '/'));
    ASSERT_EQ(path.size(), 4095U);
    EXPECT_EQ(content(path), "x");
}

TEST_P(Names, path_of_4096_bytes_is_enametoolong) {
    file("f");
    std::string path = "f";
    while (path.size() < 4096) path.insert(0, "./");
    path.resize(4096, 'f');
    EXPECT_FAILS(ENAMETOOLONG, root->stat(path, Follow::yes));
    EXPECT_FAILS(ENAMETOOLONG, root->open(path, {}));
    EXPECT_FAILS(ENAMETOOLONG, root->make_file(path, 0600));
    EXPECT_FAILS(ENAMETOOLONG, root->unlink(path));
}

TEST_P(Names, empty_path_is_enoent) {
    file("f");
    EXPECT_FAILS(ENOENT, root->stat("", Follow::yes));
    EXPECT_FAILS(ENOENT, root->open("", {}));
    EXPECT_FAILS(ENOENT, root->make_file("", 0600));
    EXPECT_FAILS(ENOENT, root->mkdir("", 0700));
    EXPECT_FAILS(ENOENT, root->unlink(""));
    EXPECT_FAILS(ENOENT, root->rmdir(""));
    EXPECT_FAILS(ENOENT, root->rename("", "x"));
    EXPECT_FAILS(ENOENT, root->rename("f", ""));
    EXPECT_FAILS(ENOENT, root->link("", "x"));
    EXPECT_FAILS(ENOENT, root->link("f", ""));
    EXPECT_FAILS(ENOENT, root->symlink("t", ""));
    EXPECT_FAILS(ENOENT, root->truncate("", 0));
    EXPECT_FAILS(ENOENT, root->chmod("", 0));
}

TEST_P(Names, any_byte_but_slash_and_nul_is_part_of_a_name) {
    std::vector<std::string> made;
    for (int byte = 1; byte < 256; ++byte) {
        if (byte == '/' || byte == '.') continue;
        made.emplace_back(1, static_cast<char>(byte));
        ASSERT_OK(root->make_file(made.back(), 0600));
    }
    std::ranges::sort(made);
    EXPECT_EQ(names("."), made);
}

TEST_P(Names, names_are_bytes_and_are_not_folded) {
    for (const char* name : {"name", "Name", "NAME", "\xc3\xa9", "e\xcc\x81", "\xff\xfe", " ", "~"})
        file(name, name);
    EXPECT_EQ(content("name"), "name");
    EXPECT_EQ(content("Name"), "Name");
    EXPECT_EQ(content("\xc3\xa9"), "\xc3\xa9");
    EXPECT_EQ(content("e\xcc\x81"), "e\xcc\x81");
    EXPECT_EQ(names(".").size(), 8U);
}

TEST_P(Names, dots_in_names_are_common_characters) {
    for (const char* name : {"...", "..a", ".a", "a.", "a..", ". ", "...."}) file(name, name);
    EXPECT_EQ(names(".").size(), 7U);
    EXPECT_EQ(content("..."), "...");
    EXPECT_OK(root->unlink("..."));
    EXPECT_EQ(names(".").size(), 6U);
}

TEST_P(Names, prefixes_of_a_name_are_other_names) {
    std::string name;
    for (int length = 1; length <= 40; ++length) {
        name += 'p';
        file(name, name);
    }
    EXPECT_EQ(content("ppp"), "ppp");
    EXPECT_FAILS(ENOENT, root->stat(name + "p", Follow::no));
    EXPECT_OK(root->unlink("pp"));
    EXPECT_OK(root->stat("p", Follow::no));
    EXPECT_OK(root->stat("ppp", Follow::no));
    EXPECT_FAILS(ENOENT, root->stat("pp", Follow::no));
}

TEST_P(Names, creating_with_a_slash_behind) {
    EXPECT_FAILS(EISDIR, root->make_file("f/", 0600));
    EXPECT_FAILS(ENOENT, root->mknod("f/", 0600, FileType::fifo, {}));
    EXPECT_FAILS(ENOENT, root->symlink("t", "f/"));
    file("g");
    EXPECT_FAILS(ENOENT, root->link("g", "f/"));
    EXPECT_OK(root->mkdir("d/", 0755));
    EXPECT_EQ(names("."), (std::vector<std::string>{"d", "g"}));
}

TEST_P(Names, removing_with_a_slash_behind) {
    file("f");
    directory("d");
    EXPECT_FAILS(ENOTDIR, root->unlink("f/"));
    EXPECT_FAILS(ENOTDIR, root->rmdir("f/"));
    EXPECT_FAILS(EISDIR, root->unlink("d/"));
    EXPECT_FAILS(ENOENT, root->unlink("none/"));
    EXPECT_OK(root->rmdir("d/"));
    EXPECT_EQ(names("."), std::vector<std::string>{"f"});
}

TEST_P(Names, dots_at_the_end_are_no_name_to_make_or_remove) {
    NEEDS(traits().keeps_dots, "Quire's paths drop a dot at the end");
    directory("d");
    EXPECT_FAILS(EEXIST, root->mkdir(".", 0700));
    EXPECT_FAILS(EEXIST, root->mkdir("d/..", 0700));
    EXPECT_FAILS(EINVAL, root->rmdir("d/."));
    EXPECT_FAILS(ENOTEMPTY, root->rmdir("d/.."));
    EXPECT_FAILS(EISDIR, root->unlink("d/."));
    EXPECT_FAILS(EBUSY, root->rename("d/.", "e"));
    EXPECT_FAILS(EBUSY, root->rename("d", "d/.."));
}

TEST_P(Names, removed_name_can_be_given_again) {
    for (int round = 0; round < 5; ++round) {
        file("f", std::to_string(round));
        EXPECT_EQ(content("f"), std::to_string(round));
        EXPECT_OK(root->unlink("f"));
        directory("f");
        EXPECT_OK(root->rmdir("f"));
        EXPECT_OK(root->symlink("t", "f"));
        EXPECT_OK(root->unlink("f"));
    }
    EXPECT_FALSE(exists("f"));
}

TEST_P(Names, names_survive_a_remount) {
    directory("d");
    file("d/\xff", "x");
    file(std::string(255, 'n'), "y");
    remount();
    EXPECT_EQ(content("d/\xff"), "x");
    EXPECT_EQ(content(std::string(255, 'n')), "y");
}

TEST_P(Names, deep_paths_are_walked) {
    std::string path = "d";
    for (int depth = 0; depth < 60; ++depth) {
        directory(path);
        path += "/d";
    }
    file(path, "deep");
    EXPECT_EQ(content(path), "deep");
    std::string back = path.substr(0, path.size() - 2);
    for (int depth = 0; depth < 59; ++depth) back += "/..";
    EXPECT_EQ(stat(back).inode, stat("d").inode);
}

}  // namespace
}  // namespace quire::conformance
