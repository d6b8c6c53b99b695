// SPDX-License-Identifier: MIT
//
// What open says and does, and to whom.

#include <gtest/gtest.h>
#include "tests/kit/file_ground.hpp"

namespace quire::server {
namespace {

using enum std::errc;

using Opening = FileGround;

TEST_F(Opening, brings_attributes_and_the_first_bytes) {
    file("f", "content");
    const auto opened = context->open(in_time, "f", to_read, 0, 4);
    ASSERT_TRUE(opened);
    EXPECT_EQ(text_of(opened->content), "cont");
    EXPECT_EQ(opened->attributes.size, 7u);
    EXPECT_EQ(opened->attributes.type, protocols::FileType::regular);
    const auto all = context->open(in_time, "/f", to_read, 0, protocols::content_limit);
    EXPECT_EQ(text_of(all->content), "content");
    // Not open for reading: nothing to bring.
    EXPECT_TRUE(context->open(in_time, "f", protocols::open_write, 0, 100)->content.empty());
}

TEST_F(Opening, refuses_what_makes_no_sense) {
    file("f");
    ASSERT_TRUE(context->mkdir(in_time, "d", 0755));
    ASSERT_TRUE(context->mknod(in_time, "pipe", protocols::FileType::fifo, 0644, {}));
    EXPECT_EQ(open_error("f", 0), invalid_argument);
    EXPECT_EQ(open_error("f", protocols::open_create), invalid_argument);
    EXPECT_EQ(open_error("f", to_read | protocols::open_truncate), invalid_argument);
    EXPECT_EQ(open_error("f", to_read | 1024), invalid_argument);
    EXPECT_EQ(code_of(context->open(in_time, "f", to_read, 0, protocols::content_limit + 1)),
              invalid_argument);
    EXPECT_EQ(open_error("", to_read), no_such_file_or_directory);
    EXPECT_EQ(open_error("none", to_read), no_such_file_or_directory);
    EXPECT_EQ(open_error("none/f", to_make), no_such_file_or_directory);
    EXPECT_EQ(open_error("f/g", to_make), not_a_directory);
    EXPECT_EQ(open_error("d", to_read), is_a_directory);
    EXPECT_EQ(open_error("/", to_make), is_a_directory);
    EXPECT_EQ(open_error("new/", to_make), is_a_directory);
    EXPECT_EQ(open_error("f/", to_read), not_a_directory);
    EXPECT_EQ(open_error("pipe", to_read), no_such_device_or_address);
    EXPECT_EQ(open_error(std::string(256, 'x'), to_make), filename_too_long);
}

TEST_F(Opening, makes_a_file_where_there_is_none) {
    EXPECT_EQ(open_error("f", to_write), no_such_file_or_directory);
    ASSERT_TRUE(open("f"));
    file("f", "kept");
    EXPECT_EQ(content("f"), "kept");
    EXPECT_EQ(open_error("f", to_make | protocols::open_exclusive), file_exists);
    EXPECT_TRUE(open("g", to_make | protocols::open_exclusive));
    EXPECT_TRUE(open("f", to_make | protocols::open_truncate));
    EXPECT_EQ(content("f"), "");
}

TEST_F(Opening, follows_links_to_what_is_to_be_made) {
    ASSERT_TRUE(context->mkdir(in_time, "d", 0755));
    ASSERT_TRUE(context->symlink(in_time, "made", "d/first"));
    ASSERT_TRUE(context->symlink(in_time, "d/first", "second"));
    ASSERT_TRUE(context->symlink(in_time, "/absolute", "d/third"));
    ASSERT_TRUE(context->symlink(in_time, "loop", "loop"));
    ASSERT_TRUE(context->symlink(in_time, "none/x", "nowhere"));
    EXPECT_EQ(open_error("second", to_make | protocols::open_exclusive), file_exists);
    EXPECT_EQ(open_error("second", to_make | protocols::open_no_follow),
              too_many_symbolic_link_levels);
    file("second", "through two");
    EXPECT_EQ(content("d/made"), "through two");
    file("d/third", "from the top");
    EXPECT_EQ(content("absolute"), "from the top");
    EXPECT_EQ(open_error("loop", to_make), too_many_symbolic_link_levels);
    EXPECT_EQ(open_error("nowhere", to_make), no_such_file_or_directory);
    EXPECT_EQ(open_error("second", to_read | protocols::open_no_follow),
              too_many_symbolic_link_levels);
}

TEST_F(Opening, gives_what_the_identity_may) {
    file("private", "secret");
    const auto nobody = user(1000);
    ASSERT_TRUE(context->set_attributes(
        in_time, "private", true, {.which = protocols::change_permissions, .permissions = 0600}));
    EXPECT_EQ(code_of(nobody->open(in_time, "private", to_read, 0, 0)), permission_denied);
    EXPECT_EQ(code_of(nobody->open(in_time, "new", to_make, 0644, 0)), permission_denied);
    ASSERT_TRUE(context->mkdir(in_time, "common", 01777));
    ASSERT_TRUE(context->set_attributes(
        in_time, "common", true, {.which = protocols::change_permissions, .permissions = 01777}));
    // Who makes a file may write it, whatever its permissions are for later.
    const auto made = nobody->open(in_time, "common/f", to_make, 0444, 0);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->attributes.uid, 1000u);
    EXPECT_EQ(made->attributes.permissions, 0444);
    EXPECT_TRUE(made->file->write(in_time, 0, bytes_of("x")));
    EXPECT_EQ(code_of(nobody->open(in_time, "common/f", to_write, 0, 0)), permission_denied);
    // In a sticky directory only one's own goes.
    EXPECT_EQ(code_of(user(1001)->remove(in_time, "common/f")), operation_not_permitted);
    EXPECT_TRUE(nobody->remove(in_time, "common/f"));
}

// What it refuses: read_only_test.cpp.
TEST_F(Opening, for_reading_only_says_so) {
    const auto reader = *(*opener->restrict(in_time, "", true))->context(in_time);
    EXPECT_TRUE(reader->statistics(in_time)->read_only);
    EXPECT_FALSE(context->statistics(in_time)->read_only);
}

TEST_F(Opening, below_a_directory_sees_nothing_else) {
    ASSERT_TRUE(context->mkdir(in_time, "jail", 0755));
    file("jail/inside", "in");
    file("secret", "out");
    ASSERT_TRUE(context->symlink(in_time, "/secret", "jail/absolute"));
    ASSERT_TRUE(context->symlink(in_time, "../secret", "jail/relative"));
    ASSERT_TRUE(context->symlink(in_time, "/inside", "jail/rooted"));
    const auto jailed = *(*opener->restrict(in_time, "jail", false))->context(in_time);
    for (const char* path : {"/inside", "inside", "../inside", "../../jail/../inside", "rooted"})
        EXPECT_EQ(code_of(jailed->stat(in_time, path, true)),
                  std::string_view(path).find("jail") == std::string_view::npos
                      ? std::errc()
                      : no_such_file_or_directory)
            << path;
    for (const char* path : {"/secret", "../secret", "absolute", "relative"})
        EXPECT_EQ(code_of(jailed->open(in_time, path, to_read, 0, 0)), no_such_file_or_directory)
            << path;
    EXPECT_EQ(code_of(jailed->rename(in_time, "inside", "../out", 0)), std::errc());
    EXPECT_TRUE(context->stat(in_time, "jail/out", false));
    EXPECT_EQ(code_of(jailed->remove_directory(in_time, "/")), device_or_resource_busy);
    // Fewer rights only become fewer.
    const auto again = *opener->restrict(in_time, "jail", true);
    EXPECT_EQ(code_of(again->restrict(in_time, "..", false)), std::errc());
    const auto still = *(*again->restrict(in_time, "..", false))->context(in_time);
    EXPECT_EQ(code_of(still->stat(in_time, "secret", true)), no_such_file_or_directory);
    EXPECT_EQ(code_of(still->mkdir(in_time, "x", 0755)), read_only_file_system);
}

TEST_F(Opening, for_a_user_is_the_owners_to_give) {
    const auto filesystem = files->filesystem();
    file("f", "x");
    const auto theirs = *filesystem->open_for_user(
        in_time, {.uid = 1000, .gid = 100, .groups = {5, 6}, .umask = 077});
    const auto own = *theirs->context(in_time);
    EXPECT_EQ(code_of(own->open(in_time, "f", to_write, 0, 0)), permission_denied);
    EXPECT_TRUE(own->open(in_time, "f", to_read, 0, 0));
    EXPECT_EQ(code_of(filesystem->open_for_user(in_time, {.umask = 01000})), invalid_argument);
    EXPECT_TRUE(filesystem->sync(in_time));
}

}  // namespace
}  // namespace quire::server
