// SPDX-License-Identifier: MIT

#include "tests/support/place.hpp"

namespace quire::app {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;

class DiffVerb : public testing::Place {
protected:
    void SetUp() override {
        Place::SetUp();
        if (IsSkipped()) return;
        make_tree();
        prepare("quire create a.img --from d; cp -a d e");
    }
    // What is said of `e` and the image when a script has changed `e`.
    std::string after(const std::string& script, std::vector<std::string> options = {}) const {
        prepare("rm -rf e; cp -a d e; " + script);
        std::vector<std::string> arguments{"diff", "a.img:/", "e"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        const Outcome outcome = quire(arguments);
        EXPECT_EQ(outcome.err, "");
        EXPECT_EQ(outcome.status, outcome.out.empty() ? 0 : 1);
        return outcome.out;
    }
};

TEST_F(DiffVerb, an_image_and_what_it_was_made_from_are_the_same) {
    EXPECT_EQ(out({"diff", "d", "a.img:/"}), "");
    EXPECT_EQ(out({"diff", "a.img:/", "host:d"}), "");
    EXPECT_EQ(out({"diff", "d", "e"}), "");
    prepare("touch -a -d @7 d/etc/motd; cat d/sub/random > /dev/null");
    EXPECT_EQ(out({"diff", "d", "a.img:/", "--holes"}), "");
    EXPECT_EQ(out({"diff", "d/etc/motd", "a.img:/sub/hard"}), "");
}

TEST_F(DiffVerb, each_aspect_is_told_in_a_line) {
    EXPECT_EQ(after("echo x > e/new; touch -d @5 e"), "only in e: new\n");
    EXPECT_EQ(after("rm -r e/sub; touch -d @5 e"), "only in a.img:/: sub\n");
    EXPECT_EQ(after("rmdir e/empty; echo > e/empty; touch -d @5 e"),
              "empty: type directory and regular file\n");
    EXPECT_EQ(after("chmod 700 e/empty"), "empty: permissions 0755 and 0700\n");
    EXPECT_EQ(after("touch -d @-5.25 e/empty"), "empty: modified 5.000000000 and -5.250000000\n");
    EXPECT_EQ(after("touch -d @6 e/empty"), "empty: modified 5.000000000 and 6.000000000\n");
    EXPECT_EQ(after("printf Z > $'e/odd\\t\\xff'", {"--no-times"}),
              "odd\t\xff: content, from byte 0 on\n");
    EXPECT_EQ(after("printf zz > $'e/odd\\t\\xff'", {"--no-times"}), "odd\t\xff: size 1 and 2\n");
    EXPECT_EQ(after("ln -snf other e/sub/soft", {"--no-times"}),
              "sub/soft: target ../etc/motd and other\n");
    EXPECT_EQ(after("cp -a e/sub/hard x; rm e/sub/hard; mv x e/sub/hard", {"--no-times"}),
              "sub/hard: a link to etc/motd and to none before it\n");
    EXPECT_EQ(after("fallocate -l 3145731 e/sub/sparse", {"--no-times"}), "");
    EXPECT_THAT(after("cat e/sub/sparse > x; cat x > e/sub/sparse", {"--no-times", "--holes"}),
                HasSubstr("sub/sparse: holes "));
    if (shell("touch y; setfattr -n user.new -v v y").status != 0) return;
    EXPECT_EQ(after("setfattr -n user.new -v v e/empty"),
              "empty: attribute no user.new and user.new of 1 bytes\n");
}

TEST_F(DiffVerb, owners_and_devices_are_told) {
    if (!root()) GTEST_SKIP() << "needs root to give files away and to make devices";
    EXPECT_EQ(after("chown 3:4 e/empty"), "empty: owner 0 and 3\nempty: group 0 and 4\n");
    EXPECT_EQ(after("chown 3:4 e/empty", {"--no-owners"}), "");
    EXPECT_EQ(after("rm e/sub/null; mknod e/sub/null c 1 5", {"--no-times"}),
              "sub/null: device 1:3 and 1:5\n");
}

TEST_F(DiffVerb, aspects_can_be_left_out) {
    EXPECT_EQ(after("chmod 700 e/empty; touch e/sub", {"--no-metadata"}), "");
    EXPECT_EQ(after("printf Z > $'e/odd\\t\\xff'", {"--no-times", "--no-content"}), "");
    EXPECT_EQ(
        after("echo x > e/new; echo y > e/etc/new; chmod 700 e/empty; rm e/sub/soft",
              {"--no-times", "--exclude", "new", "--exclude", "/empty", "--exclude", "sub/s*"}),
        "");
}

TEST_F(DiffVerb, exclude_means_what_it_means_to_create) {
    prepare("quire create b.img --from d --exclude sub --exclude etc/motd");
    EXPECT_EQ(out({"diff", "d", "b.img:/", "--exclude", "sub", "--exclude", "etc/motd"}), "");
    EXPECT_EQ(quire({"diff", "d", "b.img:/"}).status, 1);
}

TEST_F(DiffVerb, json_and_nul_and_quiet) {
    prepare("printf zz > $'d/odd\\t\\xff'; echo > d/new; touch -d @5 d");
    const std::string json = quire({"diff", "--no-times", "--json", "d", "a.img:/"}).out;
    EXPECT_THAT(json,
                HasSubstr(R"({"schema":1,"type":"difference","path":"new","aspect":"only-left"})"));
    EXPECT_THAT(json,
                HasSubstr(R"("path_base64":"b2RkCf8=","aspect":"size","left":"2","right":"1"})"));
    EXPECT_EQ(quire({"diff", "--no-times", "-0", "d", "a.img:/"}).out,
              std::string("only in d: new") + '\0' + "odd\t\xff: size 2 and 1" + '\0');
    const Outcome quiet = quire({"diff", "-q", "d", "a.img:/"});
    EXPECT_EQ(quiet.status, 1);
    EXPECT_EQ(quiet.out + quiet.err, "");
}

TEST_F(DiffVerb, trouble_is_told_with_exit_code_2) {
    expect_sentence(quire({"diff", "d", "none"}), 2, "none: No such file");
    expect_sentence(quire({"diff", "d", "a.img"}), 2, "the tree in an image is a.img:/");
    expect_sentence(quire({"diff", "d", "a.img:/none"}), 2, "a.img:/none: No such file");
    prepare("echo > d/new");
    expect_sentence(shell("quire diff d a.img:/ > /dev/full"), 2, "No space left");
    EXPECT_EQ(quire({"diff", "d"}).status, 2);
    expect_sentence(shell("flock -x a.img " QUIRE_PROGRAM " diff d a.img:/"), 2,
                    "is being written");
    prepare("debugfs -w -R 'clri /etc/motd' a.img 2>/dev/null");
    EXPECT_EQ(quire({"diff", "d", "a.img:/"}).status, 2);
}

}  // namespace
}  // namespace quire::app
