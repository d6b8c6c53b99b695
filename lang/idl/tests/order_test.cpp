// SPDX-License-Identifier: MIT
//
// Declarations may use what stands below them; C++ gets them in an order that it takes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "emit/header.hpp"
#include "emit/layout.hpp"
#include "quire/lang/common/render.hpp"
#include "tests/support/case_file.hpp"

namespace quire::idl::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The names that the header declares at namespace scope, in its order.
std::vector<std::string> declared(const std::string& header) {
    std::vector<std::string> names;
    std::istringstream lines(header);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first;
        std::string name;
        words >> first >> name;
        if (line.starts_with(' ') || (first != "struct" && first != "class" && first != "enum"))
            continue;
        if (first == "enum") words >> name;
        if (!name.ends_with("Proxy") && !name.starts_with("Protocol<")) names.push_back(name);
    }
    return names;
}

TEST(Order, what_is_used_comes_before_what_uses_it) {
    const CaseFile file =
        CaseFile::parse("main.idl",
                        "interface Both composes Second, First;\n"
                        "struct Outer { Inner inner; list<Kind, limit> kinds; };\n"
                        "struct Inner { Kind kind; };\n"
                        "interface First { [opcode(1)] void op(in Outer outer); };\n"
                        "interface Second {};\n"
                        "enum Kind : uint8 { one = first };\n"
                        "const uint8 limit = first;\n"
                        "const uint8 first = 1;\n");
    const auto compiled = file.compile();
    ASSERT_TRUE(compiled.diagnostics().empty()) << lang::render(compiled.diagnostics());
    EXPECT_THAT(declared(emit_header(compiled.changed->model, Cpp{CppOptions{}})),
                ElementsAre("Second", "Kind", "Inner", "Outer", "First", "Both"));
}

TEST(Order, a_capability_needs_no_more_than_the_name) {
    const CaseFile file =
        CaseFile::parse("main.idl",
                        "interface First { [opcode(1)] void op(in Pair pair, out cap<First> me, "
                        "out uint8 size); };\n"
                        "struct Pair { cap<First> first; cap<Second> second; };\n"
                        "interface Second { [opcode(2)] void other(in cap<First> first); };\n");
    const auto compiled = file.compile();
    ASSERT_TRUE(compiled.diagnostics().empty()) << lang::render(compiled.diagnostics());
    EXPECT_THAT(declared(emit_header(compiled.changed->model, Cpp{CppOptions{}})),
                ElementsAre("First;", "Second;", "Pair", "FirstOpResult", "First", "Second"));
}

TEST(Order, the_layout_follows_the_source) {
    const CaseFile file = CaseFile::parse("main.idl",
                                          "interface Both composes File;\n"
                                          "const uint8 limit = 5;\n"
                                          "interface File {};\n");
    EXPECT_EQ(emit_layout(file.compile().changed->model),
              "interface Both composes File\nconst uint8 limit = 5\ninterface File\n");
}

TEST(Order, a_long_chain_upwards_is_refused_and_downwards_is_none) {
    std::string up = "const uint8 c0 = 1;\n";
    std::string down;
    for (int i = 1; i < 5000; ++i) {
        const std::string line =
            "const uint8 c" + std::to_string(i) + " = c" + std::to_string(i - 1) + ";\n";
        up += line;
        down = line + down;
    }
    EXPECT_TRUE(CaseFile::parse("main.idl", up).compile().diagnostics().empty());
    const CaseFile file = CaseFile::parse("main.idl", down + "const uint8 c0 = 1;\n");
    const auto compiled = file.compile();
    ASSERT_FALSE(compiled.diagnostics().empty());
    EXPECT_EQ(compiled.diagnostics().list().front().code, code_of(Wrong::circle));
}

TEST(Order, structs_that_contain_each_other_are_recursive) {
    const CaseFile file = CaseFile::parse("main.idl",
                                          "struct First { list<Second, 2> second; };\n"
                                          "struct Second { First first; };\n");
    const auto compiled = file.compile();
    ASSERT_EQ(compiled.diagnostics().list().size(), 1u) << lang::render(compiled.diagnostics());
    EXPECT_EQ(compiled.diagnostics().list().front().code, code_of(Wrong::struct_recursion));
}

}  // namespace
}  // namespace quire::idl::testing
