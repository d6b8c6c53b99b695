// SPDX-License-Identifier: MIT

#include "quire/lang/common/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quire::lang {
namespace {

using ::testing::HasSubstr;

Diagnostic diagnostic_at(const Source& source, std::uint32_t begin, std::uint32_t end) {
    return {{'Q', 304}, {&source, begin, end}, "there is none", {}, {}};
}

TEST(Render, shows_place_line_and_way_out) {
    const Source source("flush.idl", "first\nvoid flush(in unit64 size);\n");
    Diagnostic diagnostic = diagnostic_at(source, 20, 26);
    diagnostic.help = "did you mean `uint64`?";
    diagnostic.notes.push_back({{&source, 0, 5}, "see here"});
    EXPECT_EQ(render(diagnostic),
              "flush.idl:2:15: error Q0304: there is none\n"
              "    2 | void flush(in unit64 size);\n"
              "      |               ^~~~~~\n"
              "help: did you mean `uint64`?\n"
              "flush.idl:1:1: note: see here\n"
              "    1 | first\n"
              "      | ^~~~~\n");
}

TEST(Render, marks_where_something_is_missing) {
    const Source source("a.idl", "ab");
    EXPECT_THAT(render(diagnostic_at(source, 2, 2)), HasSubstr("    1 | ab\n      |   ^\n"));
}

TEST(Render, marks_the_first_line_of_several) {
    const Source source("a.idl", "one two\nthree\n");
    EXPECT_THAT(render(diagnostic_at(source, 4, 12)), HasSubstr("one two\n      |     ^~~\n"));
}

TEST(Render, marks_line_up_under_tabs_and_wide_characters) {
    const Source source("a.idl", "\t\xC3\xA9\xC3\xA9 x");
    EXPECT_THAT(render(diagnostic_at(source, 6, 7)),
                HasSubstr("    1 |  \xC3\xA9\xC3\xA9 x\n      |     ^\n"));
}

TEST(Render, shows_nothing_that_would_steer_a_terminal) {
    const Source source("\x1B[2J.idl", "a\x1B[2J\xFF\xE2\x80\xAE x");
    const std::string text = render(diagnostic_at(source, 1, 2));
    EXPECT_EQ(text.find('\x1B'), text.npos);
    EXPECT_THAT(text, HasSubstr("    1 | a?[2J?? x\n      |  ^\n"));
}

TEST(Render, shows_the_part_of_a_long_line_that_counts) {
    const std::string before(500000, 'a');
    const Source source("a.idl", before + "HERE" + before);
    const std::string text = render(diagnostic_at(source, 500000, 500004));
    EXPECT_LT(text.size(), 400u);
    EXPECT_THAT(text, HasSubstr("HERE"));
    const std::size_t mark = text.find("^~~~\n");
    const std::size_t line = text.find("    1 | ");
    ASSERT_NE(mark, text.npos);
    EXPECT_EQ(text.find("HERE") - line, mark - text.find('\n', line) - 1);
    // To the end, and no further than is shown.
    const std::string all = render(diagnostic_at(source, 500000, 1000004));
    EXPECT_LT(all.size(), 400u);
}

TEST(Render, says_how_many_were_left_out) {
    const Source source("a.idl", "text");
    Diagnostics diagnostics(1);
    for (std::uint32_t i = 0; i < 3; ++i) diagnostics.add(diagnostic_at(source, i, i));
    EXPECT_THAT(render(diagnostics),
                ::testing::EndsWith("and 2 more; the first ones count most\n"));
}

}  // namespace
}  // namespace quire::lang
