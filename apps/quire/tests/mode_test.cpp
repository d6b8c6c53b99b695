// SPDX-License-Identifier: MIT
//
// chmod and chown beside the programs of coreutils.

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/support/twins.hpp"
#include "values/mode_change.hpp"

namespace quire::app::testing {
namespace {

using ::testing::HasSubstr;

class Modes : public Twins {};
class Owners : public Twins {
protected:
    void SetUp() override {
        Twins::SetUp();
        if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
    }
};

const std::vector<std::string> modes = {
    "0",           "7",        "644",     "0755",    "4755",    "2755",
    "6711",        "1777",     "7777",    "00755",   "04711",   "00000",
    "u=rwX,go=rX", "a+x",      "+x",      "-x",      "+X",      "a+X",
    "a-X",         "go-rwx",   "g=u",     "o=g",     "u=o",     "ug=o",
    "u+s",         "g+s",      "ug+s",    "u-s",     "g-s",     "a+s",
    "+s",          "-s",       "o+s",     "+t",      "-t",      "o+t",
    "u+t",         "a=",       "=",       "u=",      "g=",      "o=",
    "=r",          "=rw",      "=rwx",    "=X",      "a=rwxst", "u=rws,g=rxs,o=t",
    "g+w,o-r",     "u+w-x",    "u=r+w-x", "a=r,u+w", "g=u-w",   "g=o+s",
    "u-rwx+r",     "=755",     "+111",    "-022",    "=2755",   "+6000",
    "-6000",       "u=g+x,o=", "-w",      "-rwx",    "+rw",     "ugo=rwx",
    "ago-w",       "u+xXs",    "g=rXs",   "-t,+x",   "o=u,u=g",
};

TEST_F(Modes, of_all_kinds_mean_what_they_mean_to_chmod) {
    const std::vector<std::string> before = {"0644", "0755", "0000", "0777",
                                             "4755", "2710", "1777", "6001"};
    std::string script;
    for (std::size_t i = 0; i < modes.size(); ++i)
        for (const std::string& mode : before)
            script += fmt::format(
                "mkdir d{0}-{1}; >f{0}-{1}; chmod {1} f{0}-{1}\n"
                "chmod {1} d{0}-{1}\n",
                i, mode);
    make(script);
    for (std::size_t i = 0; i < modes.size(); ++i) {
        std::vector<std::string> words{"chmod", modes[i]};
        for (const std::string& mode : before)
            for (const char* type : {"f", "d"})
                words.push_back(fmt::format("{{}}/{}{}-{}", type, i, mode));
        command(words, i % 2 == 0 ? "022" : "037");
    }
    expect_same();
}

TEST_F(Modes, below_a_directory_leave_symbolic_links_alone) {
    make(
        "mkdir -p top/sub/deep other; echo x > top/sub/file; chmod 700 top/sub/deep\n"
        "echo y > other/file; chmod 600 other/file; ln -s ../other top/link\n"
        "ln -s ../other/file top/sub/link; ln -s none top/broken; ln -s top way");
    command({"chmod", "-R", "u=rwX,go=rX", "{}/top"});
    expect_same();
    command({"chmod", "-R", "g+w", "{}/way"});
    command({"chmod", "a-r", "{}/top/sub/link"});
    command({"chmod", "755", "{}/top/broken"});
    command({"chmod", "755", "{}/none", "{}/other", "{}/none2"});
    command({"chmod", "--reference={}/other", "{}/top/sub/file"});
    command({"chmod", "-f", "755", "{}/none"});
    expect_same();
}

TEST_F(Modes, that_are_none_are_usage_errors) {
    make("echo x > file");
    for (const char* mode : {"8", "9", "10000", "u", "rwx", "u+q", "x+r", "u=rwx,", ",u=r", "u=7",
                             "+7u", "", "u=rg", "0x7"}) {
        EXPECT_FALSE(ModeChange::parse(mode)) << mode;
        EXPECT_NE(run({"chmod", "--", mode, (place / "gnu/file").string()}).status, 0) << mode;
    }
    const Outcome outcome = quire({"chmod", "u+q", "a.img:/file"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("'u+q' is not a mode"));
    expect_same();
}

TEST_F(Modes, show_with_access_lists_as_their_mask) {
    if (!have("setfacl")) GTEST_SKIP() << "setfacl is not installed";
    if (run({"bash", "-c", "cd '" + place.path().string() + "'; >x; setfacl -m u:7:rw x"}).status !=
        0)
        GTEST_SKIP() << "the host keeps no access lists here";
    make(">file; setfacl -m u:7:rw,g:8:r file");
    quire(
        {"xattr", "--set", "system.posix_acl_access", "--value-hex",
         "0200000001000600ffffffff020006000700000004000400ffffffff080004000800000010000600ffffffff"
         "20000400ffffffff",
         "a.img:/file"});
    command({"chmod", "g=r", "{}/file"});
    const std::string list = shell("getfacl -cn gnu/file | grep mask");
    EXPECT_EQ(shell("getfacl -cn mine/file | grep mask"), list);
    EXPECT_EQ(quire({"xattr", "--get", "system.posix_acl_access", "a.img:/file"}).out,
              "user::rw-,user:7:rw-,group::r--,group:8:r--,mask::r--,other::r--\n");
    expect_same();
}

TEST_F(Modes, are_told_and_in_a_dry_run_not_changed) {
    make("echo x > file; chmod 644 file");
    const std::string before = shell("cksum a.img");
    EXPECT_EQ(quire({"chmod", "--dry-run", "755", "a.img:/file"}).out,
              "a.img:/file: mode would change from 0644 (rw-r--r--) to 0755 (rwxr-xr-x)\n");
    EXPECT_EQ(shell("cksum a.img"), before);
    EXPECT_EQ(quire({"chmod", "-v", "644", "a.img:/file"}).out,
              "a.img:/file: mode stays 0644 (rw-r--r--)\n");
    EXPECT_EQ(quire({"chmod", "-c", "600", "a.img:/file"}).out,
              "a.img:/file: mode changed from 0644 (rw-r--r--) to 0600 (rw-------)\n");
}

TEST_F(Owners, of_files_and_trees) {
    make(
        "mkdir -p top/sub; echo x > top/file; chmod 6755 top/file; chmod 2755 top/sub\n"
        "echo y > top/sub/other; ln -s file top/link; ln -s none top/broken; chmod 6644 "
        "top/sub/other");
    command({"chown", "1000:1001", "{}/top/file"});
    command({"chown", ":77", "{}/top/sub"});
    command({"chown", "70000", "{}/top/link"});
    command({"chown", "-h", "5:6", "{}/top/link"});
    command({"chown", "9", "{}/top/broken"});
    expect_same();
    command({"chown", "-R", "4294967294:100000", "{}/top"});
    expect_same();
    command({"chown", "--from=4294967294", "8", "{}/top/file"});
    command({"chown", "--from=:5", "9", "{}/top/file"});
    command({"chown", "--reference={}/top/file", "{}/top/sub/other", "{}/none"});
    command({"chown", "+3:+4", "{}/top/sub"});
    expect_same();
}

TEST_F(Owners, names_are_those_of_the_image) {
    make(
        "mkdir etc; printf 'root:x:0:0::/:/bin/sh\\nalice:x:1234:1235::/:/bin/sh\\n' > etc/passwd\n"
        "printf 'root:x:0:\\nstaff:x:4321:alice\\n' > etc/group; for f in a b c; do >$f; done");
    EXPECT_EQ(quire({"chown", "alice", "a.img:/a"}).err, "");
    EXPECT_EQ(quire({"chown", "alice:", "a.img:/b"}).err, "");
    EXPECT_EQ(quire({"chown", "0:staff", "a.img:/c"}).err, "");
    const Tree tree = tree_of_image("a.img", tree_of_host("gnu"));
    EXPECT_EQ(tree.at("a").uid, 1234U);
    EXPECT_EQ(tree.at("a").gid, 0U);
    EXPECT_EQ(tree.at("b").gid, 1235U);
    EXPECT_EQ(tree.at("c").gid, 4321U);
    expect_refused({"chown", "daemon", "a.img:/a"}, "no user 'daemon' in the image's /etc/passwd");
    expect_refused({"chown", ":daemon", "a.img:/a"}, "no group 'daemon' in the image's /etc/group");
    expect_refused({"chown", "alice", "mine/a"}, "no user 'alice' in the host's /etc/passwd");
    expect_refused({"chown", "4294967295", "a.img:/a"}, "too great");
    EXPECT_EQ(quire({"chown", "root:", "mine/a"}).err, "");
    EXPECT_EQ(quire({"rm", "a.img:/etc/passwd"}).err, "");
    expect_refused({"chown", "alice", "a.img:/a"}, "No such file");
    expect_clean();
}

}  // namespace
}  // namespace quire::app::testing
