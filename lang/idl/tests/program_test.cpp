// SPDX-License-Identifier: MIT

#include "program/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "limits.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "tests/support/case_file.hpp"

namespace quire::idl::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Program : public ::testing::Test {
protected:
    Outcome run(const std::vector<std::string>& arguments) {
        lang::FileReader reader(Limits{}.file_size);
        return idl::run(arguments, reader);
    }
    std::string path(const std::string& name) const { return (directory_ / name).string(); }
    std::string write(const std::string& name, const std::string& text) {
        std::filesystem::create_directories((directory_ / name).parent_path());
        std::ofstream(directory_ / name) << text;
        return path(name);
    }
    std::set<std::string> files(const std::string& folder) const {
        std::set<std::string> names;
        if (!std::filesystem::exists(directory_ / folder)) return names;
        for (const auto& entry : std::filesystem::directory_iterator(directory_ / folder))
            names.insert(entry.path().filename().string());
        return names;
    }

    quire::testing::TemporaryDirectory directory_;
};

TEST_F(Program, writes_what_belongs_to_a_file) {
    const std::string source = write("flush.idl", "interface Flush {};\n");
    const Outcome outcome = run({"--out", path("made/here"), source});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out + outcome.err, "");
    EXPECT_EQ(files("made/here"), (std::set<std::string>{"flush.cpp", "flush.hpp", "flush.md"}));
    EXPECT_THAT(content(directory_ / "made/here/flush.cpp"),
                HasSubstr("#include \"quire/protocols/flush.hpp\"\n"));
}

TEST_F(Program, names_the_namespace_and_the_prefix_that_it_is_given) {
    const std::string source = write("flush.idl", "interface Flush {};\n");
    const Outcome outcome =
        run({"--out=" + path("made"), "--namespace=a::b", "--include-prefix", "c/d", source});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(content(directory_ / "made/flush.cpp"), HasSubstr("#include \"c/d/flush.hpp\"\n"));
    EXPECT_THAT(content(directory_ / "made/flush.hpp"), HasSubstr("namespace a::b {\n"));
}

TEST_F(Program, writes_nothing_when_there_is_a_diagnostic) {
    const std::string source = write("flush.idl", "interface Flush { void flush(); };\n");
    const Outcome outcome =
        run({"--out", path("made"), "--depfile", path("made/flush.d"), "--layout", source});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith(source + ":1:24: error Q0501: "));
    EXPECT_EQ(files("made"), std::set<std::string>{});
}

TEST_F(Program, says_when_it_cannot_write_and_leaves_no_part) {
    const std::string source = write("flush.idl", "interface Flush {};\n");
    write("file", "");
    Outcome outcome = run({"--out", path("file/below"), source});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, StartsWith("quire-idl: "));
    // The last of the files cannot have its name: a directory has it.
    std::filesystem::create_directories(directory_ / "made/flush.d/x");
    outcome = run({"--out", path("made"), "--depfile", path("made/flush.d"), source});
    EXPECT_EQ(outcome.status, 2);
    for (const std::string& name : files("made")) EXPECT_THAT(name, StartsWith("flush."));
}

TEST_F(Program, only_checks_without_out) {
    const std::string source = write("flush.idl", "interface Flush {};\n");
    EXPECT_EQ(run({source}).status, 0);
    EXPECT_EQ(files("."), std::set<std::string>{"flush.idl"});
}

TEST_F(Program, prints_the_layout) {
    const std::string source =
        write("flush.idl", "interface Flush { [opcode(5)] void flush(in uint64 size); };\n");
    const Outcome outcome = run({"--layout", source});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out, StartsWith("interface Flush\n  operation 5 flush\n"));
}

TEST_F(Program, depfile_names_every_file_that_was_read) {
    write("inc/one.idl", "const uint8 one = 1;\n");
    write("types.idl", "include \"one.idl\";\n");
    const std::string source = write("flush.idl", "include \"types.idl\";\n");
    const Outcome outcome =
        run({"-I" + path("inc"), "--out", path("made"), "--depfile", path("made/flush.d"), source});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(content(directory_ / "made/flush.d"),
              path("made/flush.hpp") + " " + path("made/flush.cpp") + " " + path("made/flush.md") +
                  ": \\\n  " + source + " \\\n  " + path("types.idl") + " \\\n  " +
                  path("inc/one.idl") + "\n");
}

TEST_F(Program, depfile_escapes_what_make_would_misread) {
    const std::string source = write("a b#c$d\\ e/flush.idl", "interface Flush {};\n");
    const Outcome outcome = run({"--out", path("made"), "--depfile", path("made/flush.d"), source});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(content(directory_ / "made/flush.d"),
                HasSubstr("a\\ b\\#c$$d\\\\\\ e/flush.idl\n"));
}

TEST_F(Program, includes_are_looked_for_beside_the_file_first) {
    write("inc/types.idl", "const uint8 wrong = 1;\n");
    write("types.idl", "const uint8 right = 1;\n");
    const std::string source =
        write("flush.idl", "include \"types.idl\";\nstruct Items { bytes<right> a; };\n");
    EXPECT_EQ(run({"-I", path("inc"), source}).status, 0);
}

TEST_F(Program, one_file_under_two_names_is_one_file) {
    write("types.idl", "const uint8 limit = 1;\n");
    std::filesystem::create_directory_symlink(".", directory_ / "same");
    const std::string source =
        write("flush.idl", "include \"types.idl\";\ninclude \"same/types.idl\";\n");
    const Outcome outcome = run({source});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(Program, tells_changes_to_what_was_released) {
    const std::string old =
        write("old/flush.idl", "interface Flush { [opcode(5)] void flush(in uint64 size); };\n");
    const std::string changed =
        write("flush.idl", "interface Flush { [opcode(5)] void flush(in uint32 size); };\n");
    const Outcome outcome = run({"--compatible-with", old, "--out", path("made"), changed});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, HasSubstr("error Q0603: "));
    EXPECT_EQ(files("made"), std::set<std::string>{});
    EXPECT_EQ(run({"--compatible-with", old, old}).status, 0);
    EXPECT_EQ(run({"--compatible-with", path("none.idl"), old}).status, 2);
}

TEST_F(Program, explains_a_number) {
    const Outcome outcome = run({"--explain", "q0107"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out, StartsWith("Q0107: "));
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
    for (const char* number : {"Q9999", "107", "", "Q01077"})
        EXPECT_EQ(run({"--explain", number}).status, 2) << number;
}

TEST_F(Program, refuses_command_lines_that_make_no_sense) {
    const std::string source = write("flush.idl", "interface Flush {};\n");
    const std::vector<std::vector<std::string>> wrong = {
        {},
        {"--out"},
        {"--nonsense", source},
        {"--layout=yes", source},
        {source, source},
        {path("Flush.idl")},
        {path("flush.txt")},
        {path("none.idl")},
        {"--namespace", "a:b", source},
        {"--namespace", "9a", source},
        {"--namespace", "a::", source},
        {"--include-prefix", "/usr", source},
        {"--include-prefix", "a\"b", source},
        {"--depfile", path("d"), source},
    };
    for (const auto& arguments : wrong) {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, 2) << ::testing::PrintToString(arguments);
        EXPECT_THAT(outcome.err, StartsWith("quire-idl: "));
        EXPECT_EQ(outcome.out, "");
    }
}

TEST_F(Program, says_its_version) {
    EXPECT_THAT(run({"--version"}).out, StartsWith("quire-idl "));
}

// Names of options in lines that `line` matches: the first group is the list of names.
std::set<std::string> options_in(const std::string& text, const std::regex& line) {
    std::set<std::string> names;
    static const std::regex name(R"((^|[\s*,])(--?[A-Za-z][a-z-]*))");
    std::istringstream lines(text);
    for (std::string one; std::getline(lines, one);) {
        std::smatch match;
        if (!std::regex_search(one, match, line)) continue;
        const std::string list = match[1];
        for (std::sregex_iterator i(list.begin(), list.end(), name), end; i != end; ++i)
            names.insert((*i)[2]);
    }
    return names;
}

TEST_F(Program, manual_and_help_tell_the_same_options) {
    const std::string page = content(std::filesystem::path(QUIRE_MANUAL) / "quire-idl.1.scd");
    EXPECT_THAT(page, StartsWith("quire-idl(1)"));
    for (const char* heading :
         {"SYNOPSIS", "EXAMPLES", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"})
        EXPECT_THAT(page, HasSubstr("\n# " + std::string(heading) + "\n"));
    const std::size_t begin = page.find("\n# OPTIONS\n");
    const std::string options = page.substr(begin, page.find("\n# ", begin + 1) - begin);
    const std::string help = run({"--help"}).out;
    std::set<std::string> told = options_in(options, std::regex(R"(^(\*-.*)$)"));
    // The page is the verb's. What is common to all verbs this program does not know, and its
    // version is a word of its own.
    for (const char* common : {"-q", "--quiet", "-v", "--verbose"}) told.erase(common);
    EXPECT_THAT(page, HasSubstr("*quire-idl --version*"));
    told.insert("--version");
    EXPECT_EQ(told, options_in(help, std::regex(R"(^  (-\S*))")));
    EXPECT_THAT(page, HasSubstr(help.substr(0, help.find('\n'))));
}

}  // namespace
}  // namespace quire::idl::testing
