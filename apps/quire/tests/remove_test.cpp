// SPDX-License-Identifier: MIT
//
// rm and rmdir beside the programs of coreutils.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "quire/base/unique_fd.hpp"
#include "tests/support/twins.hpp"

namespace quire::app::testing {
namespace {

using ::testing::HasSubstr;

class Remove : public Twins {
protected:
    void SetUp() override {
        Twins::SetUp();
        if (IsSkipped()) return;
        make(
            "mkdir -p a/b/c d/e empty1/empty2 full; echo x > a/file; echo y > a/b/file; >full/x\n"
            "ln a/file a/again; ln -s ../d a/link; echo z > d/kept; ln -s none broken; >-x\n"
            "ln -s d way; mkfifo a/fifo; for i in $(seq 300); do echo $i > a/b/c/number$i; done\n"
            ">$'odd\\t\\xff'");
    }
};

TEST_F(Remove, files) {
    command({"rm", "{}/a/file"});
    command({"rm", "{}/a/again", "{}/none", "{}/broken", "{}/a"});
    command({"rm", "{}/way"});
    command({"rm", "-f", "{}/none", "{}/none/below", "{}/d/kept/below"});
    command({"rm", "{}/d/kept/"});
    command({"rm", "{}/none/below"});
    command({"rm", "{}/-x"});
    command({"rm", "{}/odd\t\xff"});
    expect_same();
}

TEST_F(Remove, trees) {
    command({"rm", "-r", "{}/a"});
    expect_same();
    command({"rm", "-rf", "{}/d/", "{}/none"});
    command({"rm", "-R", "{}/broken", "{}/full"});
    command({"rm", "-r", "{}/way/"});
    expect_same();
}

TEST_F(Remove, empty_directories_with_d) {
    command({"rm", "-d", "{}/a"});
    command({"rm", "-d", "{}/empty1/empty2", "{}/empty1"});
    expect_same();
}

TEST_F(Remove, what_must_not_go_stays) {
    command({"rm", "-r", "{}/a/.", "{}/a/..", "{}/."});
    expect_same();
    expect_refused({"rm", "-rf", "a.img:/"}, "a.img:/: the root directory is not removed");
    expect_refused({"rm", "-rf", "a.img:"}, "the root directory is not removed");
    expect_refused({"rm", "-rf", "a.img:.."}, "'.' and '..' are not removed");
    expect_refused({"rm", "-rf", "host:mine:/"}, "the root directory is not removed");
    expect_refused({"rm", "-rf", "a.img:/a/../.."}, "'.' and '..' are not removed");
    EXPECT_EQ(quire({"rm"}).status, 2);
    EXPECT_EQ(quire({"rm", "-f"}).status, 0);
    expect_same();
}

TEST_F(Remove, a_path_in_a_host_directory_cannot_leave_it) {
    shell("mkdir jail; ln -s ../d mine/out; ln -s /etc jail/etc; ln -s .. jail/up");
    EXPECT_EQ(quire({"rm", "-r", "host:jail:/up/mine"}).status, 1);
    EXPECT_EQ(quire({"rm", "-r", "host:jail:/../mine"}).status, 1);
    EXPECT_EQ(shell("test -e mine/a/file && test -e /etc/passwd && echo there"), "there\n");
}

TEST_F(Remove, a_dry_run_says_what_would_go) {
    const std::string before = shell("cksum a.img");
    const Outcome outcome = quire({"rm", "-r", "--dry-run", "a.img:/empty1", "a.img:/d/kept"});
    EXPECT_EQ(outcome.out,
              "would have removed a.img:/empty1/empty2\nwould have removed a.img:/empty1\n"
              "would have removed a.img:/d/kept\n");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(shell("cksum a.img"), before);
    EXPECT_EQ(quire({"rm", "-v", "a.img:/d/kept"}).out, "removed a.img:/d/kept\n");
}

TEST_F(Remove, directories_with_rmdir) {
    command({"rmdir", "{}/a", "{}/empty1/empty2", "{}/none", "{}/d/kept"});
    command({"rmdir", "--ignore-fail-on-non-empty", "{}/a"});
    expect_same();
    command({"rmdir", "{}/empty1/.", "{}/way/"});
    command({"rmdir", "{}/d/e"});
    expect_same();
}

TEST_F(Remove, directories_on_the_way_with_rmdir_p) {
    shell("cd gnu; rmdir -p empty1/empty2");
    EXPECT_EQ(quire({"rmdir", "-pv", "a.img:/empty1/empty2"}).out,
              "removed a.img:/empty1/empty2\nremoved a.img:/empty1\n");
    EXPECT_EQ(testing::quire({"rmdir", "-p", "empty1/empty2"},
                             {.directory = place / "mine", .input = {}, .environment = {}})
                  .err,
              "");
    expect_same();
    expect_refused({"rmdir", "a.img:"}, "the root directory is not removed");
    expect_refused({"rmdir", "-p", "a.img:/d/e"}, "a.img:/d: Directory not empty");
}

TEST_F(Remove, a_deep_tree_goes) {
    constexpr int depth = 3000;
    ASSERT_EQ(::mkdir((place / "mine/deep").c_str(), 0755), 0);
    UniqueFd at(::open((place / "mine/deep").c_str(), O_PATH | O_CLOEXEC));
    for (int i = 0; i < depth; ++i) {
        ASSERT_EQ(::mkdirat(at.get(), "d", 0755), 0);
        at = UniqueFd(::openat(at.get(), "d", O_PATH | O_CLOEXEC));
    }
    at.reset();
    EXPECT_EQ(quire({"rm", "-r", "mine/deep"}).err, "");
    // As deep as a path can name it.
    std::string path = "a.img:/deep";
    for (int i = 0; i < 2000; ++i) path += "/d";
    EXPECT_EQ(quire({"mkdir", "-p", path}).err, "");
    EXPECT_EQ(quire({"rm", "-r", "a.img:/deep"}).err, "");
    expect_same();
}

}  // namespace
}  // namespace quire::app::testing
