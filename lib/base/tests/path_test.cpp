// SPDX-License-Identifier: MIT

#include "quire/base/path.hpp"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(Path, drops_dots_and_repeated_slashes) {
    EXPECT_EQ(Path::parse("/a//./b")->text(), "/a/b");
    EXPECT_EQ(Path::parse("./a")->text(), "a");
    EXPECT_EQ(Path::parse("/")->text(), "/");
    EXPECT_EQ(Path::parse(".")->text(), ".");
}

TEST(Path, keeps_steps_up) {
    const Path path = *Path::parse("../a/..");
    ASSERT_EQ(path.components().size(), 3u);
    EXPECT_TRUE(path.components()[0].is_up());
    EXPECT_FALSE(path.components()[1].is_up());
    EXPECT_EQ(path.text(), "../a/..");
}

TEST(Path, remembers_that_a_trailing_slash_asks_for_a_directory) {
    EXPECT_TRUE(Path::parse("a/")->must_be_directory());
    EXPECT_TRUE(Path::parse("a/.")->must_be_directory());
    EXPECT_TRUE(Path::parse("a/..")->must_be_directory());
    EXPECT_TRUE(Path::parse("/")->must_be_directory());
    EXPECT_FALSE(Path::parse("a/b")->must_be_directory());
}

TEST(Path, refuses_what_is_too_long_or_not_a_path) {
    EXPECT_EQ(Path::parse("").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(Path::parse("/a/" + std::string(256, 'b')).error(), std::errc::filename_too_long);
    EXPECT_EQ(Path::parse(std::string(4096, '/')).error(), std::errc::filename_too_long);
    EXPECT_EQ(Path::parse(std::string_view("a\0b", 3)).error(), std::errc::invalid_argument);
}

TEST(Path, extends_and_shortens) {
    const Path path = *Path::parse("/a") / *Name::parse("b");
    EXPECT_EQ(path.text(), "/a/b");
    EXPECT_EQ(path.parent().text(), "/a");
}

}  // namespace
}  // namespace quire
