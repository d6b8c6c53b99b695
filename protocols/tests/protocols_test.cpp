// SPDX-License-Identifier: MIT
//
// What every protocol promises: its bytes, that programs in the field understand it, opcodes of its
// own, and a reference page that says all. QUIRE_RENEW=1 in the environment renews the bytes, which
// are in tests/layout/; only a new operation may make that necessary.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

namespace quire::protocols {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::filesystem::path folder = QUIRE_PROTOCOLS;
const std::filesystem::path pages = QUIRE_PAGES_FOLDER;

struct Said {
    int status = -1;
    std::string text;  // on both streams
};

Said quire_idl(const std::string& arguments) {
    const std::string command = "'" QUIRE_IDL "' " + arguments + " 2>&1";
    FILE* const pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): paths of the build
    if (pipe == nullptr) return {};
    Said said;
    std::array<char, 4096> part;
    for (std::size_t got = 0; (got = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
        said.text.append(part.data(), got);
    const int ended = ::pclose(pipe);
    said.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
    return said;
}

std::string quoted(const std::filesystem::path& path) {
    return "'" + path.string() + "'";
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The names, without `.idl`, of the protocols in a folder.
std::vector<std::string> names_in(const std::filesystem::path& where) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(where))
        if (entry.path().extension() == ".idl") names.push_back(entry.path().stem());
    std::ranges::sort(names);
    return names;
}

std::string layout_of(const std::string& name) {
    const Said said = quire_idl("--layout " + quoted(folder / (name + ".idl")));
    EXPECT_EQ(said.status, 0) << said.text;
    return said.text;
}

/// The parts of a text that begin with what `heading` matches; its first group names them.
std::map<std::string, std::string> sections(const std::string& text, const std::regex& heading) {
    std::map<std::string, std::string> found;
    std::string name;
    for (std::istringstream lines(text); !lines.eof();) {
        std::string line;
        std::getline(lines, line);
        std::smatch match;
        if (std::regex_search(line, match, heading))
            name = match[1];
        else if (line.starts_with("## "))
            name.clear();
        else if (!name.empty())
            found[name] += line + '\n';
    }
    return found;
}

class Protocol : public ::testing::TestWithParam<std::string> {};

TEST_P(Protocol, bytes_are_what_they_were) {
    const std::filesystem::path golden = folder / "tests/layout" / (GetParam() + ".layout");
    const std::string layout = layout_of(GetParam());
    const char* const renew = std::getenv("QUIRE_RENEW");  // NOLINT(concurrency-mt-unsafe)
    if (renew != nullptr && *renew != '\0') std::ofstream(golden, std::ios::binary) << layout;
    ASSERT_TRUE(std::filesystem::exists(golden)) << golden << ": QUIRE_RENEW=1 makes it";
    EXPECT_EQ(content_of(golden), layout) << golden << ": QUIRE_RENEW=1 renews it";
}

TEST_P(Protocol, programs_in_the_field_understand_it) {
    const std::filesystem::path released = folder / "baseline" / (GetParam() + ".idl");
    if (!std::filesystem::exists(released)) GTEST_SKIP() << "it has not been released yet";
    const Said said = quire_idl("--compatible-with " + quoted(released) + ' ' +
                                quoted(folder / (GetParam() + ".idl")));
    EXPECT_EQ(said.status, 0) << said.text;
}

TEST_P(Protocol, page_says_what_an_interface_is_for_who_implements_it_its_rights_and_errors) {
    const std::string page = content_of(pages / (GetParam() + ".md"));
    for (const auto& [name, text] : sections(page, std::regex("^## interface (\\w+)$"))) {
        // What stands before its operations, or the parts that it consists of.
        const std::string about = text.substr(0, text.find("\n### "));
        EXPECT_TRUE(std::regex_search(about, std::regex("^\\n*[A-Z][^.]{8,}"))) << name << about;
        EXPECT_THAT(about, HasSubstr("mplemented by ")) << name;
        EXPECT_TRUE(std::regex_search(about, std::regex("Rights( and errors)?:"))) << name << about;
        EXPECT_TRUE(std::regex_search(about, std::regex("[Ee]rrors( of every operation)?[:,]")))
            << name << about;
    }
    for (const auto& [name, text] : sections(page, std::regex("^### (\\w+\\.\\w+)$")))
        EXPECT_THAT(text, Not(::testing::StartsWith("\nOpcode "))) << name << " has no comment";
}

INSTANTIATE_TEST_SUITE_P(Files, Protocol, ::testing::ValuesIn(names_in(folder)),
                         [](const auto& one) { return one.param; });

TEST(Protocols, opcodes_are_unique_in_the_whole_house) {
    std::map<std::string, std::string> owners;
    int highest = 0;
    for (const std::string& name : names_in(folder)) {
        const std::string page = content_of(pages / (name + ".md"));
        for (const auto& [operation, text] : sections(page, std::regex("^### (\\w+\\.\\w+)$"))) {
            std::smatch match;
            ASSERT_TRUE(std::regex_search(text, match, std::regex("\nOpcode (\\d+)[.,]")))
                << operation;
            const auto [place, fresh] = owners.emplace(match[1], operation);
            EXPECT_TRUE(fresh) << "opcode " << match[1] << " is of " << place->second << " and of "
                               << operation;
            highest = std::max(highest, std::stoi(match[1]));
        }
    }
    EXPECT_GT(owners.size(), 100U);
    EXPECT_THAT(content_of(folder / "README.md"),
                HasSubstr("The next free one is " + std::to_string(highest + 1) + ";"));
}

TEST(Protocols, nothing_that_was_released_is_gone) {
    EXPECT_THAT(names_in(folder / "baseline"), Not(IsEmpty()));
    EXPECT_THAT(names_in(folder), ::testing::IsSupersetOf(names_in(folder / "baseline")));
    // Nor do the pages of the whole house lie elsewhere.
    for (const std::string& name : names_in(folder))
        EXPECT_TRUE(std::filesystem::exists(pages / (name + ".md"))) << name;
}

}  // namespace
}  // namespace quire::protocols
