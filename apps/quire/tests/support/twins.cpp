// SPDX-License-Identifier: MIT

#include "tests/support/twins.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <regex>

namespace quire::app::testing {

namespace {

namespace stdfs = std::filesystem;
using ::testing::HasSubstr;

std::string time_text(std::int64_t seconds, long nanoseconds) {
    return fmt::format("{}.{:09}", seconds, nanoseconds);
}

Facts facts_of(const stdfs::path& path) {
    struct stat stat{};
    EXPECT_EQ(::lstat(path.c_str(), &stat), 0) << path;
    Facts facts;
    facts.type = S_ISDIR(stat.st_mode)   ? "directory"
                 : S_ISLNK(stat.st_mode) ? "symlink"
                 : S_ISREG(stat.st_mode) ? "regular"
                                         : "other";
    facts.mode = stat.st_mode & 07777;
    facts.uid = stat.st_uid;
    facts.gid = stat.st_gid;
    if (!S_ISDIR(stat.st_mode)) facts.links = static_cast<unsigned>(stat.st_nlink);
    if (S_ISREG(stat.st_mode)) facts.size = static_cast<std::uint64_t>(stat.st_size);
    if (S_ISLNK(stat.st_mode)) facts.target = stdfs::read_symlink(path);
    facts.access = time_text(stat.st_atim.tv_sec, stat.st_atim.tv_nsec);
    facts.modify = time_text(stat.st_mtim.tv_sec, stat.st_mtim.tv_nsec);
    return facts;
}

// "mtime: 0x65e06e80:77359400": seconds, then nanoseconds above two bits of further seconds.
std::string time_in(const std::string& text, const std::string& name) {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(name + ": 0x([0-9a-f]+)(?::([0-9a-f]+))?")))
        return "none";
    const auto low = static_cast<std::int32_t>(std::stoul(match[1], nullptr, 16));
    const std::uint32_t extra =
        match[2].matched ? static_cast<std::uint32_t>(std::stoul(match[2], nullptr, 16)) : 0;
    return time_text(low + (static_cast<std::int64_t>(extra & 3) << 32), extra >> 2);
}

// One answer of debugfs to `stat`.
Facts parse(const std::string& text) {
    static const std::regex head(
        R"(Type: (\w+)\s+Mode:\s+(\d+)[\s\S]*?User:\s+(-?\d+)\s+Group:\s+(-?\d+)[\s\S]*?Size: (\d+)[\s\S]*?Links: (\d+))");
    std::smatch match;
    Facts facts;
    if (!std::regex_search(text, match, head)) {
        facts.type = "missing";
        return facts;
    }
    facts.type = match[1] == "FIFO" ? "other" : match[1].str();
    facts.mode = static_cast<unsigned>(std::stoul(match[2], nullptr, 8)) & 07777;
    facts.uid = static_cast<unsigned>(std::stol(match[3]));
    facts.gid = static_cast<unsigned>(std::stol(match[4]));
    if (facts.type == "regular") facts.size = std::stoull(match[5]);
    if (facts.type != "directory") facts.links = static_cast<unsigned>(std::stoul(match[6]));
    static const std::regex link("Fast link dest: \"(.*)\"");
    if (std::regex_search(text, match, link)) facts.target = match[1];
    facts.access = time_in(text, "atime");
    facts.modify = time_in(text, "mtime");
    return facts;
}

std::string replaced(std::string word, const std::string& with) {
    for (std::size_t at = word.find("{}"); at != word.npos; at = word.find("{}"))
        word.replace(at, 2, with);
    return word;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Facts& facts) {
    return out << fmt::format("{} {:04o} {}:{} size {} links {} '{}' access {} modify {}",
                              facts.type, facts.mode, facts.uid, facts.gid, facts.size, facts.links,
                              facts.target, facts.access, facts.modify);
}

void Twins::SetUp() {
    for (const char* program : {"mke2fs", "e2fsck", "debugfs"})
        if (!have(program)) GTEST_SKIP() << program << " is not installed";
}

void Twins::make(const std::string& script) {
    prepare("rm -rf gnu mine a.img; mkdir gnu; cd gnu; umask 022\n" + script, place.path());
    prepare("cp -a gnu mine; mke2fs -q -F -t ext4 -N 4096 -d gnu a.img 32M", place.path());
}

Outcome Twins::with_umask(const std::string& umask, const std::vector<std::string>& words) const {
    std::vector<std::string> line{"bash", "-c", "umask " + umask + "; exec \"$@\"", "-"};
    line.insert(line.end(), words.begin(), words.end());
    return run(line, {.directory = place.path(), .input = {}, .environment = {}});
}

void Twins::command(const std::vector<std::string>& words, const std::string& umask) {
    const auto run_on = [&](const std::string& tree, bool as_verb) {
        std::vector<std::string> line;
        if (as_verb) line.emplace_back(QUIRE_PROGRAM);
        for (const std::string& word : words) line.push_back(replaced(word, tree));
        return with_umask(umask, line);
    };
    const Outcome gnu = run_on("gnu", false);
    const Outcome image = run_on("a.img:", true);
    const Outcome mine = run_on("mine", true);
    const std::string what = fmt::format("{}", fmt::join(words, " "));
    EXPECT_EQ(image.status, gnu.status) << what << '\n' << gnu.err << image.err;
    EXPECT_EQ(mine.status, gnu.status) << what << '\n' << gnu.err << mine.err;
    // A sentence for each item that failed, as the other program has it.
    EXPECT_EQ(std::ranges::count(image.err, '\n'), std::ranges::count(gnu.err, '\n'))
        << what << '\n'
        << gnu.err << image.err;
}

void Twins::expect_same(bool with_times) {
    const auto comparable = [&](Tree tree) {
        for (auto& [path, facts] : tree) {
            // Looking at directories and symbolic links sets their time of access.
            if (!with_times || facts.type != "regular") facts.access = "";
            if (!with_times) facts.modify = "";
        }
        return tree;
    };
    const Tree gnu = comparable(tree_of_host("gnu"));
    const Tree mine = comparable(tree_of_host("mine"));
    const Tree image = comparable(tree_of_image("a.img", gnu));
    for (const auto& [path, facts] : gnu) {
        if (path.empty()) continue;
        EXPECT_TRUE(mine.contains(path)) << path << " is missing on the host";
        if (mine.contains(path)) {
            EXPECT_EQ(mine.at(path), facts) << path << " on the host";
        }
        EXPECT_EQ(image.at(path), facts) << path << " in the image";
    }
    EXPECT_EQ(mine.size(), gnu.size());
    // All names, lost+found besides.
    const std::string names =
        shell(fmt::format("'{}' find -0 a.img: | tr -cd '\\0' | wc -c", QUIRE_PROGRAM));
    EXPECT_EQ(std::stoul(names), gnu.size() + 1);
    expect_clean();
}

Outcome Twins::quire(const std::vector<std::string>& words,
                     const std::vector<std::string>& environment) const {
    return testing::quire(words,
                          {.directory = place.path(), .input = {}, .environment = environment});
}

std::string Twins::shell(const std::string& script) const {
    const Outcome outcome =
        run({"bash", "-euc", script}, {.directory = place.path(), .input = {}, .environment = {}});
    EXPECT_EQ(outcome.status, 0) << script << '\n' << outcome.err;
    return outcome.out;
}

void Twins::expect_refused(const std::vector<std::string>& arguments,
                           const std::string& words) const {
    const Outcome outcome = quire(arguments);
    const std::string what = fmt::format("{}", fmt::join(arguments, " "));
    EXPECT_EQ(outcome.status, 1) << what << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(words)) << what;
    EXPECT_THAT(outcome.err, ::testing::StartsWith("quire " + arguments.front() + ": "));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
}

void Twins::expect_clean(const std::string& image) const {
    const Outcome outcome =
        run({"e2fsck", "-fn", image}, {.directory = place.path(), .input = {}, .environment = {}});
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

Tree Twins::tree_of_host(const std::string& directory) const {
    const stdfs::path top = place / directory;
    Tree tree{{"", facts_of(top)}};
    for (const auto& entry : stdfs::recursive_directory_iterator(top))
        tree[entry.path().lexically_relative(top)] = facts_of(entry.path());
    return tree;
}

Tree Twins::tree_of_image(const std::string& image, const Tree& paths) const {
    std::ofstream script(place / "debugfs.in");
    for (const auto& [path, facts] : paths) script << "stat \"/" << path << "\"\n";
    script.close();
    const std::string answer = shell("debugfs -f debugfs.in " + image + " 2>&1");
    Tree tree;
    std::size_t at = answer.find("debugfs: stat");
    for (const auto& [path, facts] : paths) {
        const std::size_t end = answer.find("debugfs: stat", at + 1);
        tree[path] = at == answer.npos ? Facts{} : parse(answer.substr(at, end - at));
        at = end;
    }
    return tree;
}

}  // namespace quire::app::testing
