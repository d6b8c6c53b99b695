// SPDX-License-Identifier: MIT

#include "tests/support/beside_gnu.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

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

// The lines of one of several trees in a directory, as if it were alone.
std::string part(const std::string& lines, const std::string& name, bool with_times) {
    constexpr std::size_t path_field = 0;
    constexpr std::size_t time_field = 8;
    constexpr std::size_t first_name_field = 10;
    std::string result;
    for (std::istringstream all(lines); !all.eof();) {
        std::string line;
        std::getline(all, line);
        std::vector<std::string> fields;
        for (std::istringstream one(line); !one.eof();)
            std::getline(one, fields.emplace_back(), '\t');
        if (fields[path_field] != name && !fields[path_field].starts_with(name + '/')) continue;
        if (fields[path_field] == name + "/lost+found") continue;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (i == time_field && !with_times) continue;
            const bool is_path = i == path_field || (i == first_name_field && !fields[i].empty());
            result += (is_path ? fields[i].substr(name.size()) : fields[i]) + '\t';
        }
        result += '\n';
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

// Calls `look` while an image's tree is in a directory.
void BesideGnu::show(const std::string& image, const std::string& directory,
                     const std::function<void()>& look) const {
    EXPECT_EQ(shell("rm -rf " + directory + "; mkdir " + directory).status, 0);
    if (is_root() && shell("mount -o loop,ro " + image + ' ' + directory).status == 0) {
        look();
        EXPECT_EQ(shell("umount " + directory).status, 0);
        return;
    }
    EXPECT_EQ(quire({"cp", "-q", "-aT", image + ":/", directory}).status, 0);
    look();
}

std::string BesideGnu::lines_of_image(const std::string& image) const {
    std::string text;
    show(image, "m", [&] { text = lines("m"); });
    return text;
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
    prepare(
        "rm -rf all; mkdir all; cp -a base all/gnu; cp -a base all/host\ncp --sparse=always "
        "base.img i.img");
    std::vector<std::string> command = addressed(arguments, "all/gnu");
    command.insert(command.begin(), program);
    const Outcome expected =
        run(command, {.directory = place.path(), .input = {}, .environment = {}});
    const auto ours = [&](const std::string& top) {
        std::vector<std::string> words = addressed(arguments, top);
        words.insert(words.begin(), program);
        return quire(words);
    };
    const Outcome host = ours("all/host");
    const Outcome image = ours("i.img:");
    EXPECT_EQ(host.status, expected.status) << expected.err << host.err;
    EXPECT_EQ(image.status, expected.status) << expected.err << image.err;
    std::string trees;
    show("i.img", "all/image", [&] { trees = lines("all"); });  // together: hashing starts slowly
    const std::string tree = part(trees, "gnu", with_times);
    EXPECT_NE(tree, "");
    EXPECT_EQ(part(trees, "host", with_times), tree) << host.err;
    EXPECT_EQ(part(trees, "image", with_times), tree) << image.err;
    expect_clean("i.img");
    if (expected.status != 0) {
        EXPECT_NE(host.err, "");
        EXPECT_EQ(std::ranges::count(image.err, '\n'), std::ranges::count(expected.err, '\n'))
            << expected.err << image.err;
    }
}

}  // namespace quire::app::testing
