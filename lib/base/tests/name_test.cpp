// SPDX-License-Identifier: MIT

#include "quire/base/name.hpp"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(Name, accepts_any_bytes_but_slash_and_nul) {
    EXPECT_TRUE(Name::parse("a"));
    EXPECT_TRUE(Name::parse("..."));
    EXPECT_TRUE(Name::parse("\xff\x01 new\nline"));
    EXPECT_TRUE(Name::parse(std::string(255, 'x')));
}

TEST(Name, refuses_what_no_directory_can_hold) {
    EXPECT_EQ(Name::parse("").error(), std::errc::invalid_argument);
    EXPECT_EQ(Name::parse(".").error(), std::errc::invalid_argument);
    EXPECT_EQ(Name::parse("..").error(), std::errc::invalid_argument);
    EXPECT_EQ(Name::parse("a/b").error(), std::errc::invalid_argument);
    EXPECT_EQ(Name::parse(std::string_view("a\0b", 3)).error(), std::errc::invalid_argument);
    EXPECT_EQ(Name::parse(std::string(256, 'x')).error(), std::errc::filename_too_long);
}

TEST(Printable, keeps_text_and_escapes_what_steers_a_terminal) {
    EXPECT_EQ(printable("plain é 漢 😀"), "plain é 漢 😀");
    EXPECT_EQ(printable("\x1b[31m"), "\\033[31m");
    EXPECT_EQ(printable("a\nb\\"), "a\\012b\\\\");
    EXPECT_EQ(printable("\xc2\x9b"), "\\302\\233");           // C1 control
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\355\\240\\200");  // surrogate
    EXPECT_EQ(printable("\xff"), "\\377");
    EXPECT_EQ(printable("\xe2\x82"), "\\342\\202");  // cut short
}

}  // namespace
}  // namespace quire
