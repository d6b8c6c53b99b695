// SPDX-License-Identifier: MIT

#include "tests/beside_gnu.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>

namespace quire::app::testing {

namespace {

using ::testing::HasSubstr;

// What names the top of the tree: "gnu" + "/a" on the host, "i.img:" + "/a" in an image.
std::vector<std::string> addressed(const std::vector<std::string>& words, const std::string& top) {
    std::vector<std::string> result;
    for (const std::string& word : words)
        result.push_back(word.starts_with(':') ? top + word.substr(1) : word);
    return result;
}

std::string without_times(const std::string& lines, bool with_times) {
    if (with_times) return lines;
    constexpr int time_field = 8;
    std::string result;
    int field = 0;
    for (const char c : lines) {
        if (c == '\t') ++field;
        if (c == '\n') field = 0;
        if (field != time_field || c == '\t') result += c;
    }
    return result;
}

}  // namespace

void BesideGnu::SetUp() {
    if (!have("mke2fs")) GTEST_SKIP() << "mke2fs is not installed";
    if (!have("python3")) GTEST_SKIP() << "python3, which hashes trees, is not installed";
}

bool BesideGnu::is_root() const {
    return ::geteuid() == 0;
}

std::string BesideGnu::out(const std::vector<std::string>& arguments,
                           const std::string& input) const {
    const Outcome outcome = quire(arguments, input);
    EXPECT_EQ(outcome.status, 0) << ::testing::PrintToString(arguments);
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
}

void BesideGnu::expect_refused(const std::vector<std::string>& arguments,
                               const std::string& words) const {
    const Outcome outcome = quire(arguments);
    EXPECT_EQ(outcome.status, 1) << ::testing::PrintToString(arguments);
    EXPECT_THAT(outcome.err, HasSubstr(words));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
}

void BesideGnu::expect_clean(const std::string& image) const {
    const Outcome outcome =
        run({"e2fsck", "-fn", image}, {.directory = place.path(), .input = {}, .environment = {}});
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

std::string BesideGnu::lines(const std::string& directory) const {
    const Outcome outcome = run({QUIRE_TREE_HASH, "--manifest", directory},
                                {.directory = place.path(), .input = {}, .environment = {}});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
}

std::string BesideGnu::lines_of_image(const std::string& image) const {
    if (is_root()) {
        const Outcome mounted = shell("rm -rf m; mkdir m && mount -o loop,ro " + image + " m");
        if (mounted.status == 0) {
            std::string text = lines("m");
            EXPECT_EQ(shell("umount m").status, 0);
            return text;
        }
    }
    EXPECT_EQ(shell("rm -rf m").status, 0);
    EXPECT_EQ(quire({"cp", "-q", "-aT", image + ":/", "m"}).status, 0);
    EXPECT_EQ(shell("rmdir m/lost+found").status, 0);
    return lines("m");
}

void BesideGnu::expect_same(const std::string& set_up, const std::string& program,
                            const std::vector<std::string>& arguments, bool with_times) {
    const std::string told = program + ' ' + ::testing::PrintToString(arguments);
    SCOPED_TRACE(told);
    if (set_up != made_) {
        prepare("rm -rf base base.img; mkdir base; cd base; umask 022\n" + set_up +
                "\ncd ..; truncate -s 8M base.img; mke2fs -q -t ext4 -b 1024 base.img");
        ASSERT_EQ(out({"cp", "-a", "base/.", "base.img:/"}), "");
        ASSERT_EQ(lines_of_image("base.img"), lines("base"));
        made_ = set_up;
    }
    prepare("rm -rf gnu host; cp -a base gnu; cp -a base host; cp --sparse=always base.img i.img");
    std::vector<std::string> command = addressed(arguments, "gnu");
    command.insert(command.begin(), program);
    const Outcome expected =
        run(command, {.directory = place.path(), .input = {}, .environment = {}});
    const auto ours = [&](const std::string& top) {
        std::vector<std::string> words = addressed(arguments, top);
        words.insert(words.begin(), program);
        return quire(words);
    };
    const std::string tree = without_times(lines("gnu"), with_times);
    const Outcome host = ours("host");
    EXPECT_EQ(host.status, expected.status) << expected.err << host.err;
    EXPECT_EQ(without_times(lines("host"), with_times), tree) << host.err;
    const Outcome image = ours("i.img:");
    EXPECT_EQ(image.status, expected.status) << expected.err << image.err;
    EXPECT_EQ(without_times(lines_of_image("i.img"), with_times), tree) << image.err;
    expect_clean("i.img");
    if (expected.status != 0) {
        EXPECT_NE(host.err, "");
        EXPECT_EQ(std::ranges::count(image.err, '\n'), std::ranges::count(expected.err, '\n'))
            << expected.err << image.err;
    }
}

}  // namespace quire::app::testing
