// SPDX-License-Identifier: MIT
//
// mv on the host and in images, beside GNU mv; then between volumes.

#include <gmock/gmock.h>

#include "tests/support/beside_gnu.hpp"

namespace quire::app {
namespace {

using ::testing::HasSubstr;

class Mv : public testing::BesideGnu {
protected:
    static constexpr const char* small = R"(
        mkdir -p d/sub e full/d; echo one > f; echo two > g; echo three > d/f; echo x > full/d/x
        ln f hard; ln -s f link; ln -s d dirlink; ln -s nowhere dangling; mkdir -p c/d
        touch -d 2001-02-03 f d
    )";
    void make_images() const {
        prepare(
            "rm -rf d *.img; truncate -s 8M a.img b.img; mke2fs -q -t ext4 a.img\n"
            "mke2fs -q -t ext2 b.img; mkdir -p d/sub; echo x > d/f; ln d/f d/sub/g\n"
            "ln -s f d/l; mkfifo d/p; printf z > $'d/odd\\xff'; chmod 6711 d/f\n"
            "touch -d '1950-01-02 03:04:05.6' d/f; touch -d 2100-01-01 d/sub d");
    }
};

TEST_F(Mv, does_what_gnu_mv_does) {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {":/f", ":/new"},
             {":/f", ":/g"},
             {":/f", ":/e"},
             {":/f", ":/e/"},
             {":/f", ":/new/"},
             {":/f/", ":/new"},
             {":/f", ":/f"},
             {":/f", ":/hard"},
             {":/f", ":/hard", ":/e"},
             {":/link", ":/f"},
             {":/f", ":/link"},
             {":/f", ":/dangling"},
             {":/link", ":/e"},
             {":/f", ":/dirlink"},
             {"-T", ":/f", ":/dirlink"},
             {":/dirlink", ":/e"},
             {":/dirlink/", ":/e"},
             {":/d", ":/new"},
             {":/d", ":/new/"},
             {":/d/", ":/e"},
             {"-T", ":/d", ":/e"},
             {"-T", ":/d", ":/full"},
             {"-T", ":/f", ":/e"},
             {"-T", ":/d", ":/f"},
             {":/d", ":/f"},
             {":/d", ":/full"},
             {":/d", ":/c"},
             {":/d", ":/d/sub"},
             {":/d", ":/d"},
             {":/d", ":/d/new"},
             {":/d/f", ":/f", ":/e"},
             {":/f", ":/g", ":/e"},
             {":/f", ":/g", ":/new"},
             {":/f", ":/missing", ":/g", ":/e"},
             {"-t", ":/e", ":/f", ":/g"},
             {"-n", ":/f", ":/g"},
             {"-n", ":/f", ":/new"},
             {"-n", "-f", ":/f", ":/g"},
             {"-u", ":/f", ":/g"},
             {"-u", ":/g", ":/f"},
             {":/d/.", ":/e"},
             {":/f", ":/no/new"},
             {":/missing", ":/new"},
         })
        expect_same(small, "mv", arguments);
}

TEST_F(Mv, into_an_image_and_back_loses_nothing) {
    make_images();
    prepare("cp -a d same");
    const std::string before = lines("d");
    out({"mv", "d", "a.img:/"});
    EXPECT_EQ(shell("test -e d").status, 1);
    out({"mv", "a.img:/d", "b.img:/moved"});
    out({"mv", "b.img:/moved", "d"});
    EXPECT_EQ(lines("d"), before);
    EXPECT_EQ(out({"ls", "a.img:/", "b.img:/"}), "a.img:/:\nlost+found\n\nb.img:/:\nlost+found\n");
    expect_clean("a.img");
    expect_clean("b.img");
}

TEST_F(Mv, hard_links_among_sources_stay_links_across_volumes) {
    make_images();
    out({"mv", "d/f", "d/sub/g", "a.img:/"});
    EXPECT_THAT(out({"ls", "-l", "a.img:/f"}), HasSubstr(" 2 "));
    EXPECT_THAT(out({"ls", "-l", "a.img:/g"}), HasSubstr(" 2 "));
    EXPECT_EQ(shell("test -e d/f -o -e d/sub/g").status, 1);
}

TEST_F(Mv, across_volumes_what_is_there_is_replaced_as_by_a_rename) {
    make_images();
    prepare("mkdir -p t/d/x t/e; echo old > t/f");
    out({"cp", "-a", "t/.", "a.img:/"});
    expect_refused({"mv", "d", "a.img:/"}, "a.img:/d: Directory not empty");
    expect_refused({"mv", "-T", "d", "a.img:/f"}, "is no directory");
    expect_refused({"mv", "-T", "d/f", "a.img:/e"}, "is a directory");
    out({"mv", "-n", "d/f", "a.img:/f"});
    EXPECT_EQ(out({"cat", "a.img:/f"}), "old\n");
    out({"mv", "-u", "d/f", "a.img:/f"});
    EXPECT_EQ(out({"cat", "a.img:/f"}), "old\n");
    EXPECT_EQ(out({"cat", "d/f"}), "x\n");
    out({"mv", "d/f", "a.img:/f"});
    EXPECT_EQ(out({"cat", "a.img:/f"}), "x\n");
    out({"mv", "-T", "d", "a.img:/e"});
    EXPECT_EQ(out({"cat", "a.img:/e/sub/g"}), "x\n");
    expect_clean("a.img");
}

TEST_F(Mv, what_could_not_be_copied_in_full_stays) {
    make_images();
    prepare("head -c 20M /dev/urandom > d/big; cp -al d same");
    const std::string before = lines("same");
    const testing::Outcome outcome = quire({"mv", "d", "a.img:/"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, HasSubstr("No space left on device"));
    EXPECT_EQ(shell("diff -r d same && test -e d/big").status, 0);
    expect_clean("a.img");
}

TEST_F(Mv, an_image_is_not_moved_into_itself) {
    make_images();
    prepare("mv a.img d/");
    expect_refused({"mv", "d/a.img", "d/a.img:/x"}, "carries the destination");
    expect_refused({"mv", "d", "d/a.img:/"}, "carries the destination");
    expect_clean("d/a.img");
    out({"cp", "d/f", "d/a.img:/f"});
    expect_refused({"mv", "d/a.img:/f", "d/a.img"}, "carries");
    EXPECT_EQ(out({"cat", "d/a.img:/f"}), "x\n");
    EXPECT_EQ(shell("test -e d/f").status, 0);
}

TEST_F(Mv, one_file_seen_in_two_trees_of_the_host_is_one_file) {
    make_images();
    expect_refused({"mv", "host:d:/f", "d/f"}, "are the same file");
    expect_refused({"mv", "host:d:/f", "d/sub/g"}, "are the same file");
    expect_refused({"mv", "d", "host:d:/sub/"}, "into itself");
    EXPECT_EQ(shell("cat d/f d/sub/g").out, "x\nx\n");
    out({"mv", "host:d:/f", "d/sub/h"});
    EXPECT_EQ(shell("cat d/sub/h").out, "x\n");
}

TEST_F(Mv, names_change_places) {
    make_images();
    prepare("echo other > d/o");
    out({"cp", "-a", "d", "a.img:/"});
    out({"mv", "--exchange", "a.img:/d/f", "a.img:/d/o"});
    EXPECT_EQ(out({"cat", "a.img:/d/f"}), "other\n");
    EXPECT_EQ(out({"cat", "a.img:/d/o"}), "x\n");
    expect_refused({"mv", "--exchange", "a.img:/d/f", "a.img:/d/none"}, "No such file");
    expect_refused({"mv", "--exchange", "d/f", "a.img:/d/o"}, "can't change places");
    expect_clean("a.img");
}

TEST_F(Mv, roots_stay_and_dry_runs_change_nothing) {
    make_images();
    prepare("cp a.img before");
    expect_refused({"mv", "a.img:/", "x"}, "no name of its own");
    EXPECT_EQ(out({"mv", "--dry-run", "d", "a.img:/"}), "d -> a.img:/d\n");
    EXPECT_EQ(shell("cmp a.img before && test -e d/f").status, 0);
    EXPECT_EQ(quire({"mv", "x"}).status, 2);
}

}  // namespace
}  // namespace quire::app
