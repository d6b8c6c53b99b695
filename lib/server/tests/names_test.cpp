// SPDX-License-Identifier: MIT
//
// Operations on names, and what becomes of files that are open meanwhile.

#include <set>

#include "tests/kit/file_ground.hpp"

namespace quire::server {
namespace {

using enum std::errc;

using Names = FileGround;
using Generations = FileGround;
using Listings = FileGround;

std::vector<protocols::DetailedEntry> entries_of(const protocols::DirectoryPage& page,
                                                 bool detailed) {
    std::vector<protocols::DetailedEntry> entries(page.count);
    ipc::Decoder in(page.entries);
    for (protocols::DetailedEntry& entry : entries)
        if (detailed)
            decode(in, entry);
        else
            decode(in, entry.entry);
    EXPECT_TRUE(in.end());
    return entries;
}

TEST_F(Names, are_made_and_removed) {
    ASSERT_TRUE(context->mkdir(in_time, "d", 0750));
    EXPECT_EQ(context->stat(in_time, "d", true)->permissions, 0750);
    EXPECT_EQ(code_of(context->mkdir(in_time, "d/", 0755)), file_exists);
    file("d/f", "x");
    EXPECT_EQ(code_of(context->remove(in_time, "d")), is_a_directory);
    EXPECT_EQ(code_of(context->remove_directory(in_time, "d")), directory_not_empty);
    EXPECT_EQ(code_of(context->remove_directory(in_time, "d/f")), not_a_directory);
    EXPECT_EQ(code_of(context->remove(in_time, "d/f/")), not_a_directory);
    EXPECT_EQ(code_of(context->remove(in_time, "d/none")), no_such_file_or_directory);
    EXPECT_TRUE(context->remove(in_time, "d/f"));
    EXPECT_TRUE(context->remove_directory(in_time, "d/"));
    ASSERT_TRUE(context->symlink(in_time, "some/where", "l"));
    EXPECT_EQ(*context->readlink(in_time, "l"), "some/where");
    EXPECT_EQ(code_of(context->symlink(in_time, "x", "l/")), file_exists);
    EXPECT_EQ(code_of(context->stat(in_time, "l", true)), no_such_file_or_directory);
    EXPECT_EQ(context->stat(in_time, "l", false)->type, protocols::FileType::symbolic_link);
    ASSERT_TRUE(context->mknod(in_time, "dev", protocols::FileType::character_device, 0600,
                               {.major_number = 1, .minor_number = 3}));
    EXPECT_EQ(context->stat(in_time, "dev", false)->device.minor_number, 3u);
    EXPECT_EQ(code_of(context->mknod(in_time, "dir", protocols::FileType::directory, 0600, {})),
              invalid_argument);
    EXPECT_EQ(code_of(context->access(in_time, "dev", 8)), invalid_argument);
}

TEST_F(Names, are_made_without_what_the_umask_of_their_context_takes) {
    ASSERT_TRUE(context->mkdir(in_time, "d", 0777));
    const auto own = user(1000);  // with 022 of its own
    ASSERT_TRUE(context->set_attributes(
        in_time, "d", true, {.which = protocols::change_permissions, .permissions = 0777}));
    const auto permissions = [&](std::string_view path) {
        return context->stat(in_time, path, false)->permissions;
    };
    ASSERT_TRUE(own->mkdir(in_time, "d/before", 0777));
    EXPECT_EQ(permissions("d/before"), 0755);
    EXPECT_EQ(code_of(own->set_umask(in_time, 01000)), std::errc::invalid_argument);
    ASSERT_TRUE(own->set_umask(in_time, 05));
    ASSERT_TRUE(own->mkdir(in_time, "d/after", 0777));
    EXPECT_EQ(permissions("d/after"), 0750);
    ASSERT_TRUE(own->open(in_time, "d/file", to_make, 0666, 0));
    EXPECT_EQ(permissions("d/file"), 0640);
    ASSERT_TRUE(own->set_umask(in_time, 0));
    ASSERT_TRUE(own->mkdir(in_time, "d/again", 0777));
    EXPECT_EQ(permissions("d/again"), 0755);
    // Of one context, not of all of its user.
    ASSERT_TRUE(context->mkdir(in_time, "other", 0777));
    EXPECT_EQ(permissions("other"), 0777);
}

TEST_F(Names, are_moved_and_given) {
    file("a", "of a");
    file("b", "of b");
    EXPECT_EQ(code_of(context->rename(in_time, "a", "b", protocols::rename_no_replace)),
              file_exists);
    EXPECT_EQ(code_of(context->rename(in_time, "a", "c", protocols::rename_exchange)),
              no_such_file_or_directory);
    EXPECT_EQ(code_of(context->rename(in_time, "a", "b", 3)), invalid_argument);
    EXPECT_EQ(code_of(context->rename(in_time, "a", "b", 4)), invalid_argument);
    EXPECT_EQ(code_of(context->rename(in_time, "a/", "b", 0)), not_a_directory);
    ASSERT_TRUE(context->rename(in_time, "a", "b", protocols::rename_exchange));
    EXPECT_EQ(content("a"), "of b");
    ASSERT_TRUE(context->rename(in_time, "a", "b", 0));
    EXPECT_EQ(content("b"), "of b");
    EXPECT_EQ(open_error("a", to_read), no_such_file_or_directory);
    ASSERT_TRUE(context->rename(in_time, "b", "c", 0));
    ASSERT_TRUE(context->link(in_time, "c", true, "d"));
    EXPECT_EQ(context->stat(in_time, "d", true)->links, 2u);
    ASSERT_TRUE(context->rename(in_time, "c", "d", 0));  // two names of one file
    EXPECT_TRUE(context->stat(in_time, "c", true));
    ASSERT_TRUE(context->mkdir(in_time, "x", 0755));
    ASSERT_TRUE(context->mkdir(in_time, "x/y", 0755));
    EXPECT_EQ(code_of(context->rename(in_time, "x", "x/y/z", 0)), invalid_argument);
    EXPECT_EQ(code_of(context->rename(in_time, "d", "x", 0)), is_a_directory);
    EXPECT_EQ(code_of(context->rename(in_time, "x", "d", 0)), not_a_directory);
}

TEST_F(Generations, of_one_file_are_one_provider) {
    file("f");
    ASSERT_TRUE(context->link(in_time, "f", true, "g"));
    const auto one = open("f");
    const auto other = open("g");
    EXPECT_EQ(files->counters().files, 2u);
    EXPECT_EQ(files->counters().providers, 1u);
    ASSERT_TRUE(one->write(in_time, 0, bytes_of("seen by both")));
    EXPECT_EQ(text_of(*other->read(in_time, 0, 100)), "seen by both");
}

TEST_F(Generations, work_on_after_their_name_has_gone) {
    file("f", "first");
    const auto before = volume->statistics(fs::Call::as_root())->free_inodes;
    {
        const auto held = open("f");
        ASSERT_TRUE(context->remove(in_time, "f"));
        EXPECT_EQ(open_error("f", to_write), no_such_file_or_directory);
        EXPECT_EQ(text_of(*held->read(in_time, 0, 100)), "first");
        ASSERT_TRUE(held->write(in_time, 5, bytes_of(" still")));
        // Made again it is another file.
        file("f", "second");
        EXPECT_EQ(files->counters().providers, 1u);
        const auto next = open("f");
        EXPECT_EQ(files->counters().providers, 2u);
        EXPECT_EQ(text_of(*held->read(in_time, 0, 100)), "first still");
        EXPECT_EQ(text_of(*next->read(in_time, 0, 100)), "second");
        EXPECT_EQ(held->attributes(in_time)->links, 0u);
        // Replaced by another name it goes on as well.
        file("g", "third");
        ASSERT_TRUE(context->rename(in_time, "g", "f", 0));
        EXPECT_EQ(text_of(*next->read(in_time, 0, 100)), "second");
        EXPECT_EQ(next->attributes(in_time)->links, 0u);
        EXPECT_EQ(content("f"), "third");
    }
    EXPECT_EQ(files->counters().providers, 0u);
    ASSERT_TRUE(context->remove(in_time, "f"));
    EXPECT_EQ(volume->statistics(fs::Call::as_root())->free_inodes, before + 1);
}

TEST_F(Generations, of_one_name_may_be_thousands) {
    constexpr std::size_t many = 3000;
    std::vector<ipc::Cap<FileObject>> held;
    for (std::size_t i = 0; i < many; ++i) {
        held.push_back(open("f", to_make | protocols::open_exclusive));
        ASSERT_TRUE(held.back()->write(in_time, 0, bytes_of(std::to_string(i))));
        ASSERT_TRUE(context->remove(in_time, "f"));
    }
    EXPECT_EQ(files->counters().providers, many);
    EXPECT_EQ(volume->statistics(fs::Call::as_root())->inodes -
                  volume->statistics(fs::Call::as_root())->free_inodes,
              many + 1);
    for (std::size_t i = 0; i < many; ++i)
        EXPECT_EQ(text_of(*held.at(i)->read(in_time, 0, 100)), std::to_string(i));
    held.clear();
    EXPECT_EQ(files->counters().providers, 0u);
    EXPECT_EQ(volume->statistics(fs::Call::as_root())->inodes -
                  volume->statistics(fs::Call::as_root())->free_inodes,
              1u);
}

TEST_F(Listings, come_in_pages) {
    ASSERT_TRUE(context->mkdir(in_time, "d", 0755));
    constexpr std::size_t many = 3000;
    for (std::size_t i = 0; i < many; ++i) file("d/name" + std::to_string(i));
    for (const bool detailed : {false, true}) {
        auto opened = context->open_directory(in_time, "d", 0, detailed);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->attributes.type, protocols::FileType::directory);
        std::set<std::string> names;
        std::size_t pages = 1;
        protocols::DirectoryPage page = opened->page;
        while (true) {
            std::uint64_t next = 0;
            for (const auto& entry : entries_of(page, detailed)) {
                EXPECT_TRUE(names.insert(entry.entry.name).second);
                EXPECT_EQ(entry.entry.type, protocols::FileType::regular);
                if (detailed) {
                    EXPECT_EQ(entry.attributes.inode, entry.entry.inode);
                }
                next = entry.entry.next;
            }
            if (page.last) break;
            EXPECT_GT(page.count, 0u);
            page = *opened->directory->page(in_time, next, 0, detailed);
            ++pages;
        }
        EXPECT_EQ(names.size(), many);
        EXPECT_LE(pages, detailed ? 14u : 4u);
    }
}

TEST_F(Listings, end_where_they_are_told_to) {
    ASSERT_TRUE(context->mkdir(in_time, "d", 0755));
    const auto empty = context->open_directory(in_time, "d", 0, false);
    EXPECT_TRUE(empty->page.last);
    EXPECT_EQ(empty->page.count, 0u);
    for (const char* path : {"d/a", "d/b", "d/c"}) file(path);
    const auto opened = context->open_directory(in_time, "d", 2, false);
    EXPECT_EQ(opened->page.count, 2u);
    EXPECT_FALSE(opened->page.last);
    const auto next = entries_of(opened->page, false).back().entry.next;
    const auto rest = opened->directory->page(in_time, next, 2, false);
    EXPECT_EQ(rest->count, 1u);
    EXPECT_TRUE(rest->last);
    EXPECT_EQ(code_of(opened->directory->page(in_time, 1ULL << 60U, 0, false)), invalid_argument);
    EXPECT_EQ(code_of(context->open_directory(in_time, "d/a", 0, false)), not_a_directory);
}

TEST_F(Listings, show_attributes_to_who_may_search) {
    ASSERT_TRUE(context->mkdir(in_time, "d", 0755));
    file("d/a");
    ASSERT_TRUE(context->set_attributes(
        in_time, "d", true, {.which = protocols::change_permissions, .permissions = 0744}));
    const auto opened = user(1000)->open_directory(in_time, "d", 0, true);
    ASSERT_TRUE(opened);
    EXPECT_EQ(entries_of(opened->page, true).at(0).attributes.type, protocols::FileType::unknown);
    EXPECT_EQ(entries_of(opened->page, true).at(0).entry.name, "a");
    ASSERT_TRUE(context->set_attributes(
        in_time, "d", true, {.which = protocols::change_permissions, .permissions = 0711}));
    EXPECT_EQ(code_of(user(1000)->open_directory(in_time, "d", 0, true)), permission_denied);
}

}  // namespace
}  // namespace quire::server
