// SPDX-License-Identifier: MIT

#include "quire/lang/common/text.hpp"

#include <gtest/gtest.h>

namespace quire::lang {
namespace {

Flaw flaw_of(std::string_view text) {
    const auto found = find_flaw(text);
    EXPECT_TRUE(found) << text;
    return found ? found->flaw : Flaw::control;
}

TEST(Text, what_reads_as_it_looks_has_no_flaw) {
    for (const char* text : {"", "plain\ttext\r\n", "caf\xC3\xA9", "\xE2\x82\xAC \xF0\x9F\x99\x82",
                             "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF\xEE\x80\x80"})
        EXPECT_FALSE(find_flaw(text)) << text;
}

TEST(Text, what_is_no_utf8_is_a_flaw) {
    for (const char* text :
         {"\xFF", "\x80", "\xC3", "\xC3(", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
          "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82"})
        EXPECT_EQ(flaw_of(text), Flaw::not_utf8) << text;
}

TEST(Text, control_characters_are_a_flaw) {
    EXPECT_EQ(flaw_of(std::string_view("\0", 1)), Flaw::control);
    for (const char* text : {"\x1B[2J", "\x7F", "\xC2\x9B", "\xE2\x80\xA8"})
        EXPECT_EQ(flaw_of(text), Flaw::control) << text;
}

TEST(Text, turned_writing_is_a_flaw) {
    for (const char* text : {"\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x80\x8F", "\xD8\x9C"})
        EXPECT_EQ(flaw_of(text), Flaw::direction) << text;
}

TEST(Text, flaws_are_found_from_a_place_on) {
    const auto found = find_flaw("a\x01 b\x02", 2);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->offset, 4u);
    EXPECT_EQ(found->length, 1u);
}

TEST(Text, the_nearest_word_is_one_that_may_have_been_meant) {
    const std::string_view words[] = {"int64", "uint64", "uint32", "string", "opcode"};
    EXPECT_EQ(nearest("unit64", words), "uint64");
    EXPECT_EQ(nearest("UINT32", words), "uint32");
    EXPECT_EQ(nearest("opcod", words), "opcode");
    EXPECT_EQ(nearest("completely", words), "");
    EXPECT_EQ(nearest("x", words), "");
    EXPECT_EQ(nearest("", words), "");
    EXPECT_EQ(nearest(std::string(100000, 'a'), words), "");
}

TEST(Text, styles_of_names) {
    EXPECT_EQ(snake_case("ParentName"), "parent_name");
    EXPECT_EQ(snake_case("HTTPServer2Go"), "http_server2_go");
    EXPECT_EQ(snake_case("already_so"), "already_so");
    EXPECT_EQ(camel_case("parent_name"), "ParentName");
    EXPECT_EQ(camel_case("a_1"), "A1");
    EXPECT_EQ(camel_case(""), "");
}

}  // namespace
}  // namespace quire::lang
