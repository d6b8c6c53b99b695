// SPDX-License-Identifier: MIT

#include "quire/lang/common/source.hpp"

#include <gtest/gtest.h>

namespace quire::lang {
namespace {

TEST(Source, places_count_from_one) {
    const Source source("a.idl", "one\ntwo\n");
    EXPECT_EQ(source.position(0), (Position{1, 1}));
    EXPECT_EQ(source.position(3), (Position{1, 4}));
    EXPECT_EQ(source.position(4), (Position{2, 1}));
    EXPECT_EQ(source.position(8), (Position{3, 1}));
    EXPECT_EQ(source.position(1000), (Position{3, 1}));
}

TEST(Source, columns_are_characters) {
    const Source source("a.idl", "\xC3\xA9\tx");
    EXPECT_EQ(source.position(2), (Position{1, 2}));
    EXPECT_EQ(source.position(3), (Position{1, 3}));
}

TEST(Source, lines_come_without_their_ends) {
    const Source source("a.idl", "one\r\n\nthree");
    ASSERT_EQ(source.lines(), 3u);
    EXPECT_EQ(source.line(1), "one");
    EXPECT_EQ(source.line(2), "");
    EXPECT_EQ(source.line(3), "three");
}

TEST(Source, an_empty_text_has_one_line) {
    const Source source("a.idl", "");
    EXPECT_EQ(source.lines(), 1u);
    EXPECT_EQ(source.line(1), "");
    EXPECT_EQ(source.position(0), (Position{1, 1}));
}

TEST(Source, spans_join_and_have_a_text) {
    const Source source("a.idl", "one two three");
    const Span first{&source, 0, 3};
    const Span second{&source, 4, 7};
    EXPECT_EQ(second.text(), "two");
    EXPECT_EQ(join(first, second).text(), "one two");
}

}  // namespace
}  // namespace quire::lang
