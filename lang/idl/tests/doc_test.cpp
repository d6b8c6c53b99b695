// SPDX-License-Identifier: MIT
//
// Which comment belongs to what.

#include <gtest/gtest.h>

#include "quire/lang/common/render.hpp"
#include "tests/support/case_file.hpp"

namespace quire::idl::testing {
namespace {

class Comments : public ::testing::Test {
protected:
    const Model& compile(const std::string& text) {
        file_ = CaseFile::parse("main.idl", text);
        compiled_ = file_.compile();
        EXPECT_TRUE(compiled_.diagnostics().empty()) << lang::render(compiled_.diagnostics());
        return compiled_.changed->model;
    }

private:
    CaseFile file_;
    CaseFile::Compiled compiled_;
};

TEST_F(Comments, before_an_include_is_about_the_file) {
    const Model& model = compile(
        "// not this\n/* the file */\ninclude \"types.idl\";\nconst uint8 a = 1;\n"
        "//// file types.idl\n");
    EXPECT_EQ(model.main().doc, "the file");
    EXPECT_EQ(model.constants.front().doc, "");
}

TEST_F(Comments, at_the_head_and_with_an_empty_line_is_about_the_file) {
    const Model& model = compile("/* the file */\n \n/* the constant */\nconst uint8 a = 1;\n");
    EXPECT_EQ(model.main().doc, "the file");
    EXPECT_EQ(model.constants.front().doc, "the constant");
}

TEST_F(Comments, of_lines_at_the_head_is_about_the_file_too) {
    const Model& model = compile("/// the\n/// file\n\n/// the constant\nconst uint8 a = 1;\n");
    EXPECT_EQ(model.main().doc, "the\nfile");
    EXPECT_EQ(model.constants.front().doc, "the constant");
}

TEST_F(Comments, right_before_the_first_declaration_is_about_that) {
    const Model& model = compile("/* the constant */\nconst uint8 a = 1;\n");
    EXPECT_EQ(model.main().doc, "");
    EXPECT_EQ(model.constants.front().doc, "the constant");
}

TEST_F(Comments, the_last_one_counts_and_plain_ones_do_not) {
    const Model& model =
        compile("const uint8 a = 1;\n/* one */ /* two */\n// three\nconst uint8 b = 1;\n");
    EXPECT_EQ(model.constants.back().doc, "two");
}

TEST_F(Comments, lines_follow_each_other) {
    const Model& model =
        compile("const uint8 a = 1;\n/* old */\n///  one\n///\n///two\nconst uint8 b = 1;\n");
    EXPECT_EQ(model.constants.back().doc, "one\n\ntwo");
}

TEST_F(Comments, keep_how_their_lines_are_indented_to_each_other) {
    const Model& model = compile(
        "struct Items\n{\n  /* First,\n     second,\n       third. */\n  uint8 a;\n"
        "  /**\n   * First,\n   *   second.\n   */\n  uint8 b;\n};\n");
    const Struct& made = model.structs.front();
    EXPECT_EQ(made.members[0].doc, "First,\nsecond,\n  third.");
    EXPECT_EQ(made.members[1].doc, "First,\n  second.");
}

TEST_F(Comments, belong_to_operations_parameters_and_values) {
    const Model& model = compile(
        "/* enum */ enum Kind : uint8 { /* one */ one = 1 };\n"
        "/* interface */ interface File\n{\n"
        "  /* operation */ [opcode(1)] void stat(/* in */ in Kind kind, /* out */ out Kind "
        "other);\n"
        "};\n/* both */ interface Both composes File;\n");
    EXPECT_EQ(model.enums.front().doc, "enum");
    EXPECT_EQ(model.enums.front().enumerators.front().doc, "one");
    const Interface& file = model.interfaces.front();
    EXPECT_EQ(file.doc, "interface");
    EXPECT_EQ(file.operations.front().doc, "operation");
    EXPECT_EQ(file.operations.front().parameters[0].field.doc, "in");
    EXPECT_EQ(file.operations.front().parameters[1].field.doc, "out");
    EXPECT_EQ(model.interfaces.back().doc, "both");
}

}  // namespace
}  // namespace quire::idl::testing
