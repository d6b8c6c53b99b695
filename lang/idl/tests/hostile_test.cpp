// SPDX-License-Identifier: MIT
//
// Sources that nobody would write, but somebody may. Each must be answered with diagnostics, in
// bounded time: a chain of n things that took n² would be seen here.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "emit/header.hpp"
#include "emit/layout.hpp"
#include "emit/reference.hpp"
#include "program/program.hpp"
#include "quire/lang/common/render.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "tests/support/case_file.hpp"

namespace quire::idl::testing {
namespace {

std::string repeated(const std::string& text, std::size_t times) {
    std::string result;
    result.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) result += text;
    return result;
}

std::unique_ptr<Compilation> compile_text(std::string text) {
    lang::MemoryReader reader(Limits{}.file_size);
    reader.add("main.idl", std::move(text));
    auto compiled = compile(reader, "main.idl", {}, Limits{});
    EXPECT_TRUE(compiled.has_value());
    return *std::move(compiled);
}

// The number of the first diagnostic, after making sure that all of them can be printed.
std::string first_number(std::string text) {
    const auto compiled = compile_text(std::move(text));
    const std::string printed = lang::render(compiled->diagnostics);
    EXPECT_LT(printed.size(), 40000u);
    return compiled->diagnostics.empty() ? "" : compiled->diagnostics.list().front().code.text();
}

TEST(Hostile, nothing_at_all_is_a_file) {
    EXPECT_EQ(first_number(""), "");
    EXPECT_EQ(first_number("\n\n\n"), "");
    EXPECT_EQ(first_number("/* */"), "");
}

TEST(Hostile, nul_bytes_are_control_characters) {
    EXPECT_EQ(first_number(std::string("const uint8 a = 1;\0", 19)), "Q0109");
    EXPECT_EQ(first_number(std::string(1000, '\0')), "Q0109");
}

TEST(Hostile, deep_nesting_ends_early) {
    EXPECT_EQ(first_number("struct Items { " + repeated("list<", 50000)), "Q0110");
    EXPECT_EQ(first_number("struct Items { " + repeated("optional ", 10000) + "uint8 a; };"),
              "Q0412");
    EXPECT_EQ(first_number(repeated("{", 60000)), "Q0107");
    EXPECT_EQ(first_number(repeated("(", 60000)), "Q0107");
    EXPECT_EQ(first_number(repeated("interface A {", 6000)), "Q0107");
}

TEST(Hostile, very_many_of_one_character) {
    for (const char* text : {"/", "*", "\"", "-", "@", ";", "}", "<", ">", "a", "1", "\xC3\xA9",
                             "/*", "//", "/**/", "0x", "=", "[", ","})
        (void)first_number(repeated(text, 60000 / std::string(text).size()));
    EXPECT_EQ(first_number(repeated("a", 60000)), "Q0112");
    EXPECT_EQ(first_number(repeated("/* ", 60000)), "Q0103");
}

TEST(Hostile, too_many_of_everything_is_said_once) {
    EXPECT_EQ(first_number(repeated("struct Items { uint8 a; };\n", 30000)), "Q0111");
    EXPECT_EQ(first_number("struct Items { " + repeated("uint8 a; ", 100000) + "};"), "Q0111");
    EXPECT_EQ(first_number("interface Thing { " + repeated("void a(); ", 90000) + "};"), "Q0111");
    EXPECT_EQ(first_number("interface Thing { void a(" + repeated("in uint8 a, ", 80000)), "Q0111");
    EXPECT_EQ(first_number("interface Thing { [" + repeated("a, ", 100000)), "Q0111");
    EXPECT_EQ(first_number("interface Thing composes " + repeated("a, ", 100000)), "Q0111");
    EXPECT_EQ(first_number("enum Kind : uint8 { " + repeated("a = 1, ", 100000)), "Q0111");
}

TEST(Hostile, as_many_names_as_allowed_that_nothing_declares) {
    std::string text;
    for (int i = 0; i < 9000; ++i) {
        const std::string n = std::to_string(i);
        text += "struct S" + n + "a { Unknown_" + n + " m; };\n";
    }
    EXPECT_EQ(first_number(text), "Q0304");
}

TEST(Hostile, chains_of_compounds_are_counted_with_what_they_combine) {
    std::string text = "interface Ia0 { ";
    for (int i = 1; i <= 100; ++i)
        text += "[opcode(" + std::to_string(i) + ")] void o" + std::to_string(i) + "(); ";
    text += "};\n";
    for (int i = 1; i < 9000; ++i)
        text += "interface Ia" + std::to_string(i) + " composes Ia" + std::to_string(i - 1) + ";\n";
    EXPECT_EQ(first_number(text), "Q0111");
}

TEST(Hostile, structs_that_double_at_each_level_are_measured_and_emitted) {
    std::string text = "struct Sa { uint8 a; };\n";
    for (int i = 1; i < 15; ++i) {
        const char below = static_cast<char>('a' + i - 1);
        const char here = static_cast<char>('a' + i);
        text += std::string("struct S") + here + " { ";
        for (int m = 0; m < 50; ++m)
            text += std::string("S") + below + " m" + std::to_string(m) + "; ";
        text += "};\n";
    }
    EXPECT_EQ(first_number(text + "interface Thing { [opcode(1)] void op(in So value); };"),
              "Q0510");

    // What fits a message, many times: the layout stops opening structs.
    text = text + "interface Other { ";
    for (int i = 1; i <= 2000; ++i)
        text += "[opcode(" + std::to_string(i) + ")] void op" + std::to_string(i) + "(in Sc v); ";
    const auto compiled = compile_text(text + "};");
    ASSERT_TRUE(compiled->diagnostics.empty()) << lang::render(compiled->diagnostics);
    EXPECT_LT(emit_layout(compiled->model).size(), 8'000'000u);
    EXPECT_LT(emit_header(compiled->model, Cpp{CppOptions{}}).size(), 8'000'000u);
    EXPECT_LT(emit_source(compiled->model, Cpp{CppOptions{}}).size(), 8'000'000u);
    EXPECT_LT(emit_reference(compiled->model).size(), 8'000'000u);
}

TEST(Hostile, bounds_multiply_without_overflow) {
    std::string text = "struct Sa { bytes<65536> a; };\n";
    for (int i = 1; i < 16; ++i)
        text += std::string("struct S") + static_cast<char>('a' + i) + " { list<S" +
                static_cast<char>('a' + i - 1) + ", 65536> m; };\n";
    const auto compiled =
        compile_text(text + "interface Thing { [opcode(1)] void op(in Sp value); };");
    EXPECT_NE(lang::render(compiled->diagnostics).find("larger than anything"), std::string::npos);

    std::string caps = "interface Thing {};\nstruct Sa { cap<Thing> a; };\n";
    for (int i = 1; i < 16; ++i)
        caps += std::string("struct S") + static_cast<char>('a' + i) + " { list<S" +
                static_cast<char>('a' + i - 1) + ", 65536> m; };\n";
    EXPECT_EQ(first_number(caps + "interface Giver { [opcode(1)] void op(in Sp value); };"),
              "Q0510");
}

TEST(Hostile, includes_of_one_file_are_read_once) {
    class Counting final : public lang::Reader {
    public:
        Result<Text> read(const std::string& path) override {
            ++reads;
            return Text{path, path == "main.idl" ? repeated("include \"types.idl\";\n", 10000)
                                                 : std::string("const uint8 limit = 1;\n")};
        }
        int reads = 0;
    } reader;
    const auto compiled = compile(reader, "main.idl", {}, Limits{});
    ASSERT_TRUE(compiled.has_value());
    EXPECT_TRUE((*compiled)->diagnostics.empty());
    EXPECT_EQ(reader.reads, 2);
}

TEST(Hostile, endless_includes_end) {
    class Endless final : public lang::Reader {
    public:
        Result<Text> read(const std::string& path) override {
            ++reads;
            return Text{path, "include \"f" + std::to_string(reads) + ".idl\";\n"};
        }
        int reads = 0;
    } reader;
    const auto compiled = compile(reader, "main.idl", {}, Limits{});
    ASSERT_TRUE(compiled.has_value());
    EXPECT_EQ((*compiled)->diagnostics.list().front().code, code_of(Wrong::too_many_includes));
    EXPECT_LT(reader.reads, 40);
}

TEST(Hostile, includes_that_are_no_regular_files_are_not_opened_further) {
    const quire::testing::TemporaryDirectory directory;
    ASSERT_EQ(::mkfifo((directory / "pipe.idl").c_str(), 0600), 0);
    std::filesystem::create_directory(directory / "folder.idl");
    std::filesystem::create_symlink("/dev/zero", directory / "zero.idl");
    lang::FileReader reader(Limits{}.file_size);
    for (const char* name : {"pipe", "folder", "zero"}) {
        const auto path = directory / "main.idl";
        std::ofstream(path) << "include \"" << name << ".idl\";\n";
        const auto compiled = compile(reader, path.string(), {}, Limits{});
        ASSERT_TRUE(compiled.has_value());
        ASSERT_FALSE((*compiled)->diagnostics.empty()) << name;
        EXPECT_EQ((*compiled)->diagnostics.list().front().code, code_of(Wrong::include_unreadable))
            << name;
    }
    EXPECT_FALSE(compile(reader, (directory / "pipe.idl").string(), {}, Limits{}).has_value());
    EXPECT_EQ(compile(reader, (directory / "none.idl").string(), {}, Limits{}).error(),
              std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace quire::idl::testing
