// SPDX-License-Identifier: MIT
//
// Operations on paths, and listings.

#include <unistd.h>

#include <algorithm>
#include <set>

#include "client_ground.hpp"

namespace quire::client {
namespace {

using protocols::FileType;
using NamesOfFiles = ClientGround;
QUIRE_BOTH_WAYS(NamesOfFiles);

TEST_P(NamesOfFiles, are_made_moved_and_removed) {
    EXPECT_TRUE(context->mkdir("d"));
    make("d/f", "content");
    EXPECT_TRUE(context->link("d/f", "d/g"));
    EXPECT_EQ(context->stat("d/g")->links, 2u);
    EXPECT_TRUE(context->symlink("d/f", "s"));
    EXPECT_EQ(*context->readlink("s"), "d/f");
    EXPECT_EQ(context->stat("s")->type, FileType::regular);
    EXPECT_EQ(context->lstat("s")->type, FileType::symbolic_link);
    EXPECT_EQ(content("s"), "content");
    EXPECT_EQ(code_of(context->rmdir("d")), std::errc::directory_not_empty);
    EXPECT_EQ(code_of(context->remove("d")), std::errc::is_a_directory);
    EXPECT_EQ(code_of(context->rename("s", "d/g", protocols::rename_no_replace)),
              std::errc::file_exists);
    EXPECT_TRUE(context->rename("s", "d/g", protocols::rename_exchange));
    EXPECT_EQ(context->lstat("s")->type, FileType::regular);
    EXPECT_TRUE(context->rename("s", "t"));
    EXPECT_TRUE(context->remove("t"));
    EXPECT_TRUE(context->remove("d/g"));
    EXPECT_TRUE(context->remove("d/f"));
    EXPECT_TRUE(context->rmdir("d"));
    EXPECT_EQ(code_of(context->stat("d")), std::errc::no_such_file_or_directory);
    EXPECT_TRUE(context->mknod("pipe", FileType::fifo, 0666));
    EXPECT_EQ(context->stat("pipe")->type, FileType::fifo);
    EXPECT_EQ(code_of(context->open("pipe", "r")), std::errc::no_such_device_or_address);
    EXPECT_TRUE(context->mknod("null", FileType::character_device, 0666, {1, 3}));
    EXPECT_EQ(context->stat("null")->device.minor_number, 3u);
    EXPECT_TRUE(context->sync());
    EXPECT_GT(context->statistics()->block_size, 0u);
}

TEST_P(NamesOfFiles, that_can_be_none_are_refused) {
    EXPECT_EQ(code_of(context->stat("")), std::errc::no_such_file_or_directory);
    EXPECT_EQ(code_of(context->open("", "w")), std::errc::no_such_file_or_directory);
    EXPECT_EQ(code_of(context->rename("f", "")), std::errc::no_such_file_or_directory);
    EXPECT_EQ(code_of(context->link("f", "")), std::errc::no_such_file_or_directory);
    EXPECT_EQ(code_of(context->symlink("", "f")), std::errc::no_such_file_or_directory);
    const std::string too_long(4096, 'x');
    EXPECT_EQ(code_of(context->stat(too_long)), std::errc::filename_too_long);
    EXPECT_EQ(code_of(context->mkdir(std::string(256, 'x'))), std::errc::filename_too_long);
    EXPECT_EQ(code_of(context->symlink(too_long, "f")), std::errc::filename_too_long);
    EXPECT_EQ(context->last_error()->code(), std::errc::filename_too_long);
    EXPECT_TRUE(context->stat("/"));
}

TEST_P(NamesOfFiles, have_the_permissions_that_the_umask_leaves) {
    const auto permissions = [&](const char* path) { return context->lstat(path)->permissions; };
    make("f", "");
    EXPECT_EQ(permissions("f"), 0644);
    EXPECT_TRUE(context->mkdir("d"));
    EXPECT_EQ(permissions("d"), 0755);
    EXPECT_EQ(context->set_umask(07), 022);
    EXPECT_TRUE(context->mkdir("e", 01777));
    EXPECT_EQ(permissions("e"), 01770);
    EXPECT_TRUE(context->mknod("pipe", FileType::fifo, 0666));
    EXPECT_EQ(permissions("pipe"), 0660);
    EXPECT_TRUE(context->open("g", "w", {.permissions = 0777}));
    EXPECT_EQ(permissions("g"), 0770);
    EXPECT_TRUE(context->chmod("f", 04755));
    EXPECT_EQ(permissions("f"), 04755);
}

TEST_P(NamesOfFiles, have_the_permissions_that_a_default_list_says) {
    // user::rwx, user:5:rwx, group::r-x, mask::rwx, other::--x
    const std::string list(
        "\2\0\0\0\1\0\7\0\377\377\377\377\2\0\7\0\5\0\0\0\4\0\5\0\377\377\377\377"
        "\20\0\7\0\377\377\377\377\40\0\1\0\377\377\377\377",
        44);
    EXPECT_TRUE(context->mkdir("d"));
    EXPECT_TRUE(context->set_extended_attribute("d", "system.posix_acl_default", bytes_of(list)));
    EXPECT_EQ(context->set_umask(077), 022);
    const auto permissions = [&](const char* path) { return context->lstat(path)->permissions; };
    make("d/f", "");
    EXPECT_EQ(permissions("d/f"), 0660);
    EXPECT_TRUE(context->mkdir("d/e", 0755));
    EXPECT_EQ(permissions("d/e"), 0751);
    EXPECT_TRUE(context->mknod("d/pipe", FileType::fifo, 0666));
    EXPECT_EQ(permissions("d/pipe"), 0660);
    make("f", "");
    EXPECT_EQ(permissions("f"), 0600);
}

TEST_P(NamesOfFiles, have_attributes_that_can_be_changed) {
    make("f", "0123456789");
    EXPECT_TRUE(context->symlink("f", "s"));
    EXPECT_TRUE(context->chown("f", 7, std::nullopt));
    EXPECT_TRUE(context->chown("s", std::nullopt, 8, false));
    EXPECT_EQ(context->stat("f")->uid, 7u);
    EXPECT_EQ(context->stat("f")->gid, 0u);
    EXPECT_EQ(context->lstat("s")->gid, 8u);
    EXPECT_TRUE(context->utimens("f", NewTime::at({5, 6}), NewTime::at({-7, 8})));
    EXPECT_TRUE(context->utimens("f", NewTime::keep(), NewTime::keep()));
    EXPECT_EQ(context->stat("f")->access, (protocols::Time{5, 6}));
    EXPECT_EQ(context->stat("f")->modify, (protocols::Time{-7, 8}));
    EXPECT_TRUE(context->utimens("f", NewTime::keep(), NewTime::now()));
    EXPECT_EQ(context->stat("f")->access, (protocols::Time{5, 6}));
    EXPECT_GT(context->stat("f")->modify.seconds, 0);
    EXPECT_TRUE(context->truncate("f", 3));
    EXPECT_EQ(content("f"), "012");
    EXPECT_EQ(code_of(context->truncate("none", 3)), std::errc::no_such_file_or_directory);

    EXPECT_TRUE(context->chmod("f", 0640));
    Context other(*opener({.uid = 99, .gid = 99, .groups = {}, .umask = 0, .pid = 0})
                       ->context(ipc::Call::forever()));
    EXPECT_EQ(code_of(other.access("f", R_OK)), std::errc::permission_denied);
    EXPECT_EQ(code_of(other.open("f", "r")), std::errc::permission_denied);
    EXPECT_TRUE(other.access("f", F_OK));
    EXPECT_TRUE(context->access("f", R_OK | W_OK));
    EXPECT_EQ(code_of(context->access("f", X_OK)), std::errc::permission_denied);

    File file = open("f", "r+");
    EXPECT_EQ(file.opened_attributes().size, 3u);
    EXPECT_EQ(file.set_attributes(change_of_permissions(0600))->permissions, 0600);
    EXPECT_EQ(file.attributes()->permissions, 0600);
}

TEST_P(NamesOfFiles, have_extended_attributes_of_any_length) {
    make("f", "");
    File file = open("f", "r+");
    const std::string longest = pattern(65'536);
    using protocols::SetAttributeMode;
    for (const std::size_t size : {0u, 1u, 60'928u, 60'929u, 61'440u, 61'441u, 65'536u}) {
        const std::string value = longest.substr(0, size);
        ASSERT_TRUE(context->set_extended_attribute("f", "user.a", bytes_of(value))) << size;
        ASSERT_TRUE(file.set_extended_attribute("user.b", bytes_of(value))) << size;
        EXPECT_TRUE(text_of(*context->extended_attribute("f", "user.b")) == value) << size;
        EXPECT_TRUE(text_of(*file.extended_attribute("user.a")) == value) << size;
    }
    EXPECT_EQ(code_of(context->set_extended_attribute("f", "user.a", bytes_of(longest + "x"))),
              std::errc::argument_list_too_long);
    EXPECT_EQ(code_of(file.set_extended_attribute("user.a", {}, SetAttributeMode::create)),
              std::errc::file_exists);
    EXPECT_EQ(code_of(file.set_extended_attribute("user.c", {}, SetAttributeMode::replace)),
              std::errc::no_message_available);
    const std::vector<std::string> both{"user.a", "user.b"};
    auto names = *context->extended_attributes("f");
    std::ranges::sort(names);
    EXPECT_EQ(names, both);
    EXPECT_EQ(file.extended_attributes()->size(), 2u);
    EXPECT_TRUE(context->remove_extended_attribute("f", "user.a"));
    EXPECT_TRUE(file.remove_extended_attribute("user.b"));
    EXPECT_TRUE(file.extended_attributes()->empty());
    EXPECT_EQ(code_of(file.extended_attribute("user.b")), std::errc::no_message_available);
    EXPECT_EQ(file.last_error()->code(), std::errc::no_message_available);
}

TEST_P(NamesOfFiles, are_listed_page_by_page) {
    ASSERT_TRUE(context->mkdir("d"));
    EXPECT_TRUE(context->list("d")->empty());
    std::set<std::string> names;
    for (int i = 0; i < 1500; ++i) names.insert("name_" + std::to_string(i) + std::string(50, 'x'));
    for (const std::string& name : names) ASSERT_TRUE(context->mkdir("d/" + name));
    for (const bool with_attributes : {false, true}) {
        const auto listed = context->list("d", with_attributes);
        ASSERT_TRUE(listed) << listed.error().message();
        std::set<std::string> found;
        for (const Entry& entry : *listed) {
            found.insert(entry.name);
            EXPECT_EQ(entry.type, FileType::directory);
            ASSERT_EQ(entry.attributes.has_value(), with_attributes);
            if (with_attributes) {
                EXPECT_EQ(entry.attributes->inode, entry.inode);
            }
        }
        EXPECT_EQ(listed->size(), names.size());
        EXPECT_EQ(found, names);
    }
    EXPECT_EQ(code_of(context->list("none")), std::errc::no_such_file_or_directory);
    EXPECT_EQ(code_of(context->list("d/none/f")), std::errc::no_such_file_or_directory);
}

TEST_P(NamesOfFiles, are_listed_from_any_place) {
    for (int i = 0; i < 10; ++i) make("f" + std::to_string(i), "");
    auto directory = *context->open_directory("/");
    EXPECT_EQ(directory.opened_attributes().type, FileType::directory);
    EXPECT_TRUE(directory.attributes());
    std::vector<Entry> entries;
    while (const auto entry = *directory.next()) entries.push_back(*entry);
    ASSERT_EQ(entries.size(), 10u);
    EXPECT_FALSE(*directory.next());
    EXPECT_EQ(directory.place(), entries.back().next);
    EXPECT_TRUE(directory.seek(entries[3].next));
    EXPECT_EQ((*directory.next())->name, entries[4].name);
    EXPECT_TRUE(directory.seek(0));
    EXPECT_EQ((*directory.next())->name, entries[0].name);
    directory.close();
    EXPECT_FALSE(directory.is_open());
    EXPECT_EQ(code_of(directory.next()), std::errc::bad_file_descriptor);
    EXPECT_EQ(code_of(directory.attributes()), std::errc::bad_file_descriptor);
    EXPECT_EQ(directory.last_error()->code(), std::errc::bad_file_descriptor);
    EXPECT_EQ(code_of(context->open_directory("f1")), std::errc::not_a_directory);
}

}  // namespace
}  // namespace quire::client
