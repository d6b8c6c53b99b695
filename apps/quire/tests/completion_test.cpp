// SPDX-License-Identifier: MIT

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

class Completion : public ::testing::Test {
protected:
    void SetUp() override {
        testing::prepare(R"(
            mkdir -p d/etc d/.secret 'd/my dir'
            : > d/etc/passwd; : > d/etc/profile; : > d/etc/x:y; : > 'd/my dir/f'
        )",
                         place.path());
    }
    std::vector<std::string> complete(std::vector<std::string> words) const {
        words.insert(words.begin(), "__complete");
        const auto outcome =
            testing::quire(words, {.directory = place.path(), .input = {}, .environment = {}});
        EXPECT_EQ(outcome.status, 0);
        EXPECT_THAT(outcome.err, IsEmpty());
        return lines_of(outcome.out);
    }
    // What bash inserts for a line with the cursor at its end.
    std::vector<std::string> bash(const std::string& line) const {
        // Words as readline breaks them, without quotes in the line.
        const std::string script = R"(
            source "$1"; line=$2
            COMP_WORDBREAKS=$' \t\n"\'@><=;|&(:'
            COMP_LINE=$line; COMP_POINT=${#line}; COMP_WORDS=(); rest=$line; word=
            while [ -n "$rest" ]; do
                c=${rest:0:1}; rest=${rest:1}
                case $c in
                \\) word+=$c${rest:0:1}; rest=${rest:1} ;;
                ' ') [ -z "$word" ] || COMP_WORDS+=("$word"); word= ;;
                [:@=]) [ -z "$word" ] || COMP_WORDS+=("$word"); COMP_WORDS+=("$c"); word= ;;
                *) word+=$c ;;
                esac
            done
            case $line in *[:@=]) ;; *) COMP_WORDS+=("$word") ;; esac
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _quire; printf '%s\n' "${COMPREPLY[@]}")";
        const auto outcome =
            testing::run({"bash", "-c", script, "bash", QUIRE_COMPLETION "/quire.bash", line},
                         {.directory = place.path(), .input = {}, .environment = {}});
        EXPECT_THAT(outcome.err, IsEmpty());
        return lines_of(outcome.out);
    }

    const quire::testing::TemporaryDirectory place;
};

TEST_F(Completion, verbs) {
    EXPECT_THAT(complete({"in"}), ElementsAre("info"));
    EXPECT_THAT(complete({""}), Contains("ls"));
    EXPECT_THAT(complete({""}), Not(Contains("__complete")));
    EXPECT_THAT(complete({"--v"}), ElementsAre("--version"));
    EXPECT_THAT(complete({"help", "tre"}), ElementsAre("tree"));
    EXPECT_THAT(complete({"nonsense", ""}), IsEmpty());
}

TEST_F(Completion, options_and_their_words) {
    EXPECT_THAT(complete({"ls", "--rec"}), ElementsAre("--recursive"));
    EXPECT_THAT(complete({"ls", "--sort=s"}), ElementsAre("--sort=size"));
    EXPECT_THAT(complete({"ls", "--sort", "n"}), ElementsAre("name", "none"));
    EXPECT_THAT(complete({"cat", "--progress="}), ElementsAre("--progress=json"));
    EXPECT_THAT(complete({"ls", "--", "--rec"}), IsEmpty());
}

TEST_F(Completion, host_paths) {
    EXPECT_THAT(complete({"ls", ""}), ElementsAre("d/"));
    EXPECT_THAT(complete({"ls", "d/"}), ElementsAre("d/etc/", "d/my dir/"));
    EXPECT_THAT(complete({"ls", "d/."}), ElementsAre("d/.secret/"));
    EXPECT_THAT(complete({"ls", "d/etc/p"}), ElementsAre("d/etc/passwd", "d/etc/profile"));
    EXPECT_THAT(complete({"ls", "none/x"}), IsEmpty());
    EXPECT_THAT(complete({"ls", "nbd:x"}), IsEmpty());
}

TEST_F(Completion, names_are_escaped_as_addresses_need) {
    EXPECT_THAT(complete({"ls", "d/etc/x"}), ElementsAre(R"(d/etc/x\:y)"));
    EXPECT_THAT(complete({"ls", R"(d/etc/x\:)"}), ElementsAre(R"(d/etc/x\:y)"));
    EXPECT_THAT(complete({"ls", "host:d:/etc/p"}),
                ElementsAre("host:d:/etc/passwd", "host:d:/etc/profile"));
}

TEST_F(Completion, paths_inside_images) {
    if (!testing::have("mke2fs")) GTEST_SKIP() << "mke2fs is not installed";
    testing::prepare(
        "mke2fs -q -t ext2 -d d d/inner.img 1M; rm -r d/my*; mke2fs -q -t ext4 -d d disk.img 8M",
        place.path());
    EXPECT_THAT(complete({"ls", "disk.img:/e"}), ElementsAre("disk.img:/etc/"));
    EXPECT_THAT(complete({"ls", "disk.img:e"}), ElementsAre("disk.img:etc/"));
    EXPECT_THAT(complete({"ls", "-l", "disk.img:/etc/pa"}), ElementsAre("disk.img:/etc/passwd"));
    EXPECT_THAT(complete({"ls", "disk"}), ElementsAre("disk.img", "disk.img:/"));
    EXPECT_THAT(complete({"ls", "disk.img:/inn"}),
                ElementsAre("disk.img:/inner.img", "disk.img:/inner.img:/"));
    EXPECT_THAT(complete({"cat", "disk.img:/inner.img:/etc/pr"}),
                ElementsAre("disk.img:/inner.img:/etc/profile"));
}

TEST_F(Completion, bash_replaces_what_follows_its_last_break) {
    const std::string program = QUIRE_PROGRAM;
    EXPECT_THAT(bash(program + " in"), ElementsAre("info"));
    EXPECT_THAT(bash(program + " ls d/e"), ElementsAre("d/etc/"));
    EXPECT_THAT(bash(program + " ls host:d:/etc/pa"), ElementsAre("/etc/passwd"));
    EXPECT_THAT(bash(program + " ls host:d:"), ElementsAre("etc/", "my\\ dir/"));
    EXPECT_THAT(bash(program + " ls d/my\\ d"), ElementsAre("d/my\\ dir/"));
    EXPECT_THAT(bash(program + " ls --sort=s"), ElementsAre("size"));
}

TEST_F(Completion, scripts_of_the_other_shells_parse) {
    if (!testing::have("zsh") && !testing::have("fish"))
        GTEST_SKIP() << "neither zsh nor fish is installed";
    if (testing::have("zsh")) {
        EXPECT_EQ(testing::run({"zsh", "-n", QUIRE_COMPLETION "/_quire"}).status, 0);
    }
    if (testing::have("fish")) {
        EXPECT_EQ(testing::run({"fish", "-n", QUIRE_COMPLETION "/quire.fish"}).status, 0);
    }
}

}  // namespace
}  // namespace quire::app
