// SPDX-License-Identifier: MIT
//
// Each verb's manual page tells the options that the verb takes, and no others.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "frame/verb.hpp"
#include "look/expression.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::filesystem::path manual = QUIRE_MANUAL;

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// Names of options in lines that `line` matches: the first group is the list of names.
std::set<std::string> options_in(const std::string& text, const std::regex& line) {
    std::set<std::string> names;
    static const std::regex name(R"((^|[\s*,])(--?[A-Za-z0-9][A-Za-z0-9-]*))");
    for (std::istringstream lines(text); !lines.eof();) {
        std::string one;
        std::getline(lines, one);
        std::smatch match;
        if (!std::regex_search(one, match, line)) continue;
        const std::string list = match[1];
        for (std::sregex_iterator i(list.begin(), list.end(), name), end; i != end; ++i)
            names.insert((*i)[2]);
    }
    return names;
}

std::string section(const std::string& page, const std::string& heading) {
    const std::size_t begin = page.find("\n# " + heading + "\n");
    if (begin == std::string::npos) return {};
    return page.substr(begin + 1, page.find("\n# ", begin + 1) - begin);
}

TEST(Manual, options_of_each_page_and_of_help_are_the_same) {
    // In help two blanks and the names, before two blanks or the line's end; in a page the bold
    // names that begin a line.
    const std::regex in_help(R"(^  (-.*?)(  |$))");
    const std::regex in_page(R"(^(\*-.*)$)");
    for (const ListedVerb& listed : verbs()) {
        if (listed.verb->hidden) continue;
        const std::string name(listed.verb->name);
        const std::string page = read(manual / ("quire-" + name + ".1.scd"));
        ASSERT_THAT(page, StartsWith("quire-" + name + "(1)")) << "docs/man/quire-" << name;
        EXPECT_THAT(page, HasSubstr("quire-" + name + " - " + std::string(listed.verb->summary)));
        for (const char* heading : {"SYNOPSIS", "EXAMPLES", "DESCRIPTION", "OPTIONS", "SEE ALSO"})
            EXPECT_NE(section(page, heading), "") << name << " has no " << heading;
        const std::string help = testing::quire({name, "--help"}).out;
        EXPECT_EQ(options_in(section(page, "OPTIONS"), in_page),
                  options_in(help.substr(help.find("\nOptions:\n")), in_help))
            << name;
    }
}

TEST(Manual, the_page_of_find_tells_every_word) {
    const std::string page = read(manual / "quire-find.1.scd");
    for (const std::string& word : Expression::words())
        EXPECT_THAT(page, HasSubstr('*' + word + '*'));
}

TEST(Manual, the_main_page_tells_the_common_options) {
    const std::string page = read(manual / "quire.1.scd");
    for (const char* option : {"*--json*", "*-0*, *--null*", "*-q*, *--quiet*", "*-v*, *--verbose*",
                               "*--dry-run*", "*--progress*[=json]", "*--seed*=_N_"})
        EXPECT_THAT(page, HasSubstr(option));
}

TEST(Manual, pages_are_well_formed) {
    if (!testing::have("scdoc")) GTEST_SKIP() << "scdoc is not installed";
    for (const auto& entry : std::filesystem::directory_iterator(manual)) {
        if (entry.path().extension() != ".scd") continue;
        const auto outcome = testing::run(
            {"scdoc"}, {.directory = {}, .input = read(entry.path()), .environment = {}});
        EXPECT_EQ(outcome.status, 0) << entry.path() << outcome.err;
        EXPECT_THAT(outcome.out, HasSubstr(".TH "));
    }
}

}  // namespace
}  // namespace quire::app
