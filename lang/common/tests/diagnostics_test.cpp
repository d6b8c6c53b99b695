// SPDX-License-Identifier: MIT

#include "quire/lang/common/diagnostics.hpp"

#include <gtest/gtest.h>

#include "quire/lang/common/catalogue.hpp"

namespace quire::lang {
namespace {

TEST(Code, is_a_letter_and_four_digits) {
    EXPECT_EQ((Code{'Q', 107}.text()), "Q0107");
    EXPECT_EQ(Code::parse("Q0107"), (Code{'Q', 107}));
    EXPECT_EQ(Code::parse("q9999"), (Code{'Q', 9999}));
    for (const char* text : {"", "Q", "Q107", "Q01070", "00107", "Q01a7", "Q-107", "Q 107"})
        EXPECT_FALSE(Code::parse(text)) << text;
}

TEST(Diagnostics, keeps_each_number_once_for_a_place_and_only_so_many) {
    const Source source("a.idl", "text");
    Diagnostics diagnostics(3);
    for (std::uint32_t i = 0; i < 5; ++i) {
        diagnostics.add({{'Q', 1}, {&source, i, i}, "first", {}, {}});
        diagnostics.add({{'Q', 1}, {&source, i, i}, "again", {}, {}});
    }
    ASSERT_EQ(diagnostics.list().size(), 3u);
    for (const Diagnostic& one : diagnostics.list()) EXPECT_EQ(one.message, "first");
    EXPECT_TRUE(diagnostics.full());
    EXPECT_EQ(diagnostics.dropped(), 4u);
}

TEST(Catalogue, finds_by_code_and_wraps_but_for_examples) {
    const std::string line(30, 'x');
    const std::string text = line + ' ' + line + ' ' + line + "\n\n    " + line + line + line;
    const CatalogueEntry entries[] = {{{'Q', 1}, "one", "a"}, {{'Q', 5}, "five", text}};
    EXPECT_EQ(find(entries, {'Q', 2}), nullptr);
    EXPECT_EQ(find(entries, {'Q', 9}), nullptr);
    EXPECT_EQ(find(entries, {'R', 1}), nullptr);
    ASSERT_EQ(find(entries, {'Q', 5}), &entries[1]);
    EXPECT_EQ(explain(entries[1]), "Q0005: five\n\n" + line + ' ' + line + '\n' + line +
                                       "\n\n    " + line + line + line + '\n');
}

}  // namespace
}  // namespace quire::lang
