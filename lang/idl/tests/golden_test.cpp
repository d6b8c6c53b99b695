// SPDX-License-Identifier: MIT
//
// What is emitted, compared with what was emitted when somebody last looked at it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "emit/header.hpp"
#include "emit/layout.hpp"
#include "emit/reference.hpp"
#include "quire/lang/common/render.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "tests/support/case_file.hpp"

namespace quire::idl::testing {
namespace {

std::filesystem::path golden(const std::string& name) {
    return tests_folder() / "golden" / name;
}

std::unique_ptr<Compilation> compile_golden(const std::string& stem) {
    lang::FileReader reader(Limits{}.file_size);
    auto compiled = compile(reader, golden(stem + ".idl").string(), {}, Limits{});
    if (!compiled) throw std::runtime_error(compiled.error().message());
    EXPECT_TRUE((*compiled)->diagnostics.empty()) << lang::render((*compiled)->diagnostics);
    return *std::move(compiled);
}

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, what_is_emitted_is_what_it_was) {
    const std::string stem = GetParam();
    const auto compiled = compile_golden(stem);
    const Cpp cpp{CppOptions{}};
    expect_golden(golden(stem + ".hpp.expected"), emit_header(compiled->model, cpp));
    expect_golden(golden(stem + ".cpp.expected"), emit_source(compiled->model, cpp));
    expect_golden(golden(stem + ".md.expected"), emit_reference(compiled->model));
    expect_golden(golden(stem + ".layout.expected"), emit_layout(compiled->model));
}

TEST_P(Golden, clang_format_finds_nothing_to_do) {
    if (std::system("command -v clang-format-19 >/dev/null") != 0)
        GTEST_SKIP() << "clang-format-19 is not installed";
    const auto compiled = compile_golden(GetParam());
    const Cpp cpp{CppOptions{}};
    const quire::testing::TemporaryDirectory directory;
    std::filesystem::copy_file(
        tests_folder().parent_path().parent_path().parent_path() / ".clang-format",
        directory / ".clang-format");
    for (const char* ending : {".hpp", ".cpp"}) {
        const auto path = directory / (GetParam() + std::string(ending));
        const bool header = std::string_view(ending) == ".hpp";
        std::ofstream(path) << (header ? emit_header(compiled->model, cpp)
                                       : emit_source(compiled->model, cpp));
        const std::string command = "clang-format-19 --dry-run --Werror '" + path.string() + "'";
        EXPECT_EQ(std::system(command.c_str()), 0);
    }
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, ::testing::Values("shared", "flush", "everything"),
                         [](const auto& one) { return std::string(one.param); });

TEST(Emitted, code_of_another_namespace_names_quire_in_full) {
    const auto compiled = compile_golden("everything");
    const Cpp cpp{CppOptions{"other::place", ""}};
    const std::string header = emit_header(compiled->model, cpp);
    const std::string source = emit_source(compiled->model, cpp);
    EXPECT_NE(header.find("#include \"shared.hpp\"\n"), header.npos);
    EXPECT_NE(header.find("struct Protocol<::other::place::Node> {"), header.npos);
    // Every use of the namespace, but not a name that ends in its letters.
    for (const std::string& text : {header, source})
        for (std::size_t at = text.find(" ipc::"); at != text.npos;
             at = text.find(" ipc::", at + 1))
            ADD_FAILURE() << text.substr(at, 60);
}

TEST(Emitted, a_comment_cannot_reach_into_the_next_line) {
    const CaseFile file = CaseFile::parse(
        "main.idl", "/* ends so \\ \\\\\n   and so \\ */\nconst uint8 limit = 5;\n");
    const auto compiled = file.compile();
    EXPECT_NE(emit_header(compiled.changed->model, Cpp{CppOptions{}})
                  .find("/// ends so\n/// and so\ninline constexpr"),
              std::string::npos);
}

}  // namespace
}  // namespace quire::idl::testing
