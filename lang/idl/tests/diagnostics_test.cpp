// SPDX-License-Identifier: MIT
//
// Each number of the catalogue has a file that gives it and a similar one that gives nothing.

#include <gtest/gtest.h>

#include "codes.hpp"
#include "quire/lang/common/catalogue.hpp"
#include "quire/lang/common/render.hpp"
#include "tests/support/case_file.hpp"

namespace quire::idl::testing {
namespace {

std::vector<std::string> numbers() {
    std::vector<std::string> list;
    for (const lang::CatalogueEntry& entry : catalogue()) list.push_back(entry.code.text());
    return list;
}

std::filesystem::path example(const std::string& name) {
    return tests_folder() / "diagnostics" / name;
}

class Diagnostic : public ::testing::TestWithParam<std::string> {};

TEST_P(Diagnostic, the_bad_example_gives_this_number_first) {
    const std::string name = GetParam() + ".bad.idl";
    ASSERT_TRUE(std::filesystem::exists(example(name))) << GetParam() << " has no bad example";
    const CaseFile file = CaseFile::load(example(name));
    const auto compiled = file.compile();
    ASSERT_FALSE(compiled.diagnostics().empty()) << name;
    EXPECT_EQ(compiled.diagnostics().list().front().code.text(), GetParam());
}

TEST_P(Diagnostic, the_good_example_gives_none) {
    const std::string name = GetParam() + ".good.idl";
    ASSERT_TRUE(std::filesystem::exists(example(name))) << GetParam() << " has no good example";
    const CaseFile file = CaseFile::load(example(name));
    const auto compiled = file.compile();
    EXPECT_TRUE(compiled.diagnostics().empty()) << lang::render(compiled.diagnostics());
}

TEST_P(Diagnostic, is_printed_as_it_was) {
    const CaseFile file = CaseFile::load(example(GetParam() + ".bad.idl"));
    const auto compiled = file.compile();
    expect_golden(example(GetParam() + ".bad.txt"), lang::render(compiled.diagnostics()));
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Diagnostic, ::testing::ValuesIn(numbers()),
                         [](const auto& one) { return one.param; });

TEST(Diagnostics, examples_belong_to_numbers) {
    for (const auto& entry : std::filesystem::directory_iterator(tests_folder() / "diagnostics")) {
        const std::string name = entry.path().filename().string();
        const auto code = lang::Code::parse(name.substr(0, name.find('.')));
        EXPECT_TRUE(code && lang::find(catalogue(), *code)) << name;
    }
}

TEST(Diagnostics, the_catalogue_is_in_order_and_says_something) {
    lang::Code last{'Q', 0};
    for (const lang::CatalogueEntry& entry : catalogue()) {
        EXPECT_LT(last, entry.code);
        last = entry.code;
        EXPECT_FALSE(entry.title.empty() || entry.title.ends_with('.')) << entry.title;
        EXPECT_GT(entry.explanation.size(), 40u) << entry.code.text();
        EXPECT_EQ(lang::find(catalogue(), entry.code), &entry);
    }
}

TEST(Diagnostics, a_mistake_of_grammar_does_not_hide_the_next_one) {
    const CaseFile file = CaseFile::parse("main.idl",
                                          "const uint8 = 1;\n"
                                          "struct Time { int64 5; uint32 nanoseconds; };\n"
                                          "interface File { void 7(); };\n"
                                          "const 3;\n");
    const auto compiled = file.compile();
    std::vector<std::size_t> lines;
    for (const auto& diagnostic : compiled.diagnostics().list())
        lines.push_back(diagnostic.span.source->position(diagnostic.span.begin).line);
    EXPECT_EQ(lines, (std::vector<std::size_t>{1, 2, 3, 4}));
}

TEST(Diagnostics, a_mistake_of_an_included_file_is_shown_there) {
    const CaseFile file = CaseFile::parse("main.idl",
                                          "include \"types.idl\";\n"
                                          "//// file types.idl\n"
                                          "const uint8 limit = 300;\n");
    const auto compiled = file.compile();
    ASSERT_EQ(compiled.diagnostics().list().size(), 1u);
    EXPECT_TRUE(lang::render(compiled.diagnostics()).starts_with("types.idl:1:21: error Q0401: "));
}

}  // namespace
}  // namespace quire::idl::testing
