// SPDX-License-Identifier: MIT
//
// mkdir, ln and truncate beside the programs of coreutils.

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/support/twins.hpp"

namespace quire::app::testing {
namespace {

using ::testing::HasSubstr;

class Directories : public Twins {};
class Links : public Twins {};
class Sizes : public Twins {};

TEST_F(Directories, alone_and_with_the_way_to_them) {
    make("mkdir d; echo x > file; ln -s d way; ln -s none broken; mkdir -m 2770 shared");
    command({"mkdir", "{}/new", "{}/d", "{}/file", "{}/none/below"});
    command({"mkdir", "-p", "{}/a/b/c", "{}/d", "{}/d/e/f/"}, "077");
    command({"mkdir", "-p", "{}/way/through", "{}/d/./x/../y"});
    command({"mkdir", "-p", "{}/file/below", "{}/file", "{}/broken", "{}/broken/below"});
    command({"mkdir", "-p", "{}/w1/w2/w3"}, "0777");
    command({"mkdir", "{}/trailing/"});
    expect_same();
}

TEST_F(Directories, with_modes) {
    std::string script = "mkdir -m 2775 shared";
    make(script);
    int i = 0;
    for (const char* mode : {"0", "700", "1777", "2755", "4711", "00755", "u=rwx,go=", "-w", "+w",
                             "=", "go-rx", "o=g", "u-w,g+w"}) {
        command({"mkdir", "-m", mode, fmt::format("{{}}/m{}", i)}, i % 2 == 0 ? "022" : "027");
        command({"mkdir", "-p", "-m", mode, fmt::format("{{}}/p{}/q", i)}, "027");
        command({"mkdir", "-m", mode, fmt::format("{{}}/shared/m{}", i)}, "027");
        ++i;
    }
    expect_same();
    EXPECT_EQ(quire({"mkdir", "-m", "9", "a.img:/x"}).status, 2);
}

TEST_F(Directories, in_a_dry_run_are_not_made) {
    make("mkdir d");
    const std::string before = shell("cksum a.img");
    EXPECT_EQ(quire({"mkdir", "-p", "--dry-run", "a.img:/d/x/y/z"}).out,
              "would have made a.img:/d/x\nwould have made a.img:/d/x/y\n"
              "would have made a.img:/d/x/y/z\n");
    expect_refused({"mkdir", "--dry-run", "a.img:/d"}, "a.img:/d: File exists");
    EXPECT_EQ(shell("cksum a.img"), before);
    EXPECT_EQ(quire({"mkdir", "-pv", "a.img:/d/x/y"}).out, "made a.img:/d/x\nmade a.img:/d/x/y\n");
    EXPECT_EQ(quire({"mkdir", "-p", "a.img:/"}).status, 0);
    expect_refused({"mkdir", "a.img:/"}, "File exists");
    expect_clean();
}

TEST_F(Links, symbolic_ones) {
    make("mkdir d e; echo x > d/file; ln -s d way; >taken");
    command({"ln", "-s", "d/file", "{}/link"});
    command({"ln", "-s", "../d/file", "nothing/", "{}/e"});
    command({"ln", "-s", "a", "b", "-t", "{}/d"});
    command({"ln", "-s", "x", "{}/taken"});
    command({"ln", "-sf", "x", "{}/taken"});
    command({"ln", "-s", "into", "{}/way"});
    command({"ln", "-sfn", "e", "{}/way"});
    command({"ln", "-sT", "x", "{}/e"});
    command({"ln", "-sfT", "x", "{}/e"});
    command({"ln", "-s", "x", "y", "{}/d/file"});
    command({"ln", "-s", "x", "{}/none/below"});
    command({"ln", "-s", std::string(200, 'l'), "{}/long"});
    shell("test $(readlink gnu/long | wc -c) -eq 201");
    EXPECT_EQ(quire({"ls", "-l", "a.img:/long"}).status, 0);
    shell("rm gnu/long mine/long");
    EXPECT_EQ(quire({"rm", "a.img:/long"}).err, "");
    expect_same();
}

TEST_F(Links, hard_ones) {
    make("mkdir d e; echo x > file; ln -s file link; ln -s d way; echo y > other; mkfifo fifo");
    command({"ln", "{}/file", "{}/second"});
    command({"ln", "{}/file", "{}/d"});
    command({"ln", "{}/file", "{}/link", "{}/e"});
    command({"ln", "-t", "{}/way", "{}/other"});
    command({"ln", "{}/file", "{}/other"});
    command({"ln", "-f", "{}/file", "{}/other"});
    command({"ln", "{}/d", "{}/directory"});
    command({"ln", "{}/none", "{}/new"});
    command({"ln", "{}/fifo", "{}/fifo2"});
    command({"ln", "{}/link", "{}/link2"});
    expect_same();
}

TEST_F(Links, hard_ones_across_filesystems_are_refused) {
    make("echo x > file");
    shell("cp a.img b.img");
    expect_refused({"ln", "a.img:/file", "b.img:/second"},
                   "a.img:/file: a hard link cannot lead into another filesystem");
    expect_refused({"ln", "mine/file", "a.img:/second"}, "mine/file: a hard link");
    EXPECT_EQ(quire({"ln", "a.img:/file"}).status, 2);
    EXPECT_EQ(quire({"ln", "-s", "x", "-T", "-t", "a.img:/"}).status, 2);
    expect_clean();
}

TEST_F(Sizes, of_all_forms) {
    std::string script;
    const std::vector<std::string> sizes = {
        "0",    "1",    "5000", "300K", "2M",    "3KB", "1KiB", "2MB", "1k",
        "1m",   "+1",   "+10K", "-1",   "-5K",   "-1G", "<100", "<1M", ">100",
        ">20K", "/512", "/7",   "%512", "%4K",   "%7",  "/0",   "%0",  "x",
        "",     "1X",   "1Kb",  "K",    "1KiBx", "+",   "1G",   "9E",  "12345678901234567890"};
    for (std::size_t i = 0; i < sizes.size(); ++i)
        script += fmt::format("head -c 7777 /dev/zero | tr '\\0' x > f{0}; >e{0}\n", i);
    make(script);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (sizes[i] == "9E" || sizes[i].size() > 10) {
            // What no filesystem can hold: refused somewhere.
            EXPECT_NE(quire({"truncate", "-s", sizes[i], "a.img:/f0"}).status, 0);
            continue;
        }
        const std::string file = fmt::format("{{}}/f{}", i);
        const bool valid =
            run({"truncate", "-s", sizes[i], (place / "probe").string()}).status == 0;
        if (valid)
            command({"truncate", "-s", sizes[i], file, fmt::format("{{}}/e{}", i)});
        else
            EXPECT_EQ(quire({"truncate", "-s", sizes[i], "a.img:/f1"}).status, 2) << sizes[i];
    }
    expect_same();
    EXPECT_EQ(shell(fmt::format("'{}' cat a.img:/f3 | cmp - gnu/f3 && echo same", QUIRE_PROGRAM)),
              "same\n");
}

TEST_F(Sizes, make_files_and_follow_links) {
    make("mkdir d; echo hello > file; ln -s file way; ln -s d/new broken; ln -s none/x nowhere");
    command({"truncate", "-s", "100", "{}/new", "{}/way", "{}/broken"}, "037");
    command({"truncate", "-c", "-s", "100", "{}/none"});
    command({"truncate", "-s", "100", "{}/d"});
    command({"truncate", "-s", "100", "{}/nowhere"});
    command({"truncate", "-r", "{}/file", "{}/sized"});
    command({"truncate", "-r", "{}/file", "-s", "+11", "{}/sized2"});
    expect_same();
    EXPECT_EQ(quire({"truncate", "a.img:/file"}).status, 2);
    EXPECT_EQ(quire({"truncate", "-r", "a.img:/file", "-s", "11", "a.img:/x"}).status, 2);
}

}  // namespace
}  // namespace quire::app::testing
