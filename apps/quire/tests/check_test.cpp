// SPDX-License-Identifier: MIT

#include "tests/support/place.hpp"

namespace quire::app {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;

class CheckVerb : public testing::Place {
protected:
    void SetUp() override {
        Place::SetUp();
        if (IsSkipped()) return;
        make_tree();
        prepare("make -t ext4 -L 'a: 1/2 files (x), 3' -d d a.img 8M; make -t ext2 -d d b.img 8M");
    }
    // Counts that are wrong, and an inode in use that the bitmap does not know.
    void damage(const std::string& image) const {
        prepare("debugfs -w -R 'freei /etc/motd' " + image + " 2>/dev/null");
    }
};

TEST_F(CheckVerb, a_sound_image_is_clean) {
    for (const std::string image : {"a.img", "b.img"}) {
        const std::string before = content(image);
        const std::string told = out({"check", image});
        EXPECT_THAT(told, StartsWith(image + ": clean, "));
        EXPECT_THAT(told, EndsWith("/8192 blocks\n"));
        EXPECT_TRUE(content(image) == before);
    }
    EXPECT_EQ(quire({"check", "a.img", "b.img"}).status, 0);
    EXPECT_THAT(out({"check", "-v", "b.img"}), HasSubstr("Pass 5"));
    const std::string json = out({"check", "--json", "b.img"});
    EXPECT_EQ(json,
              "{\"schema\":1,\"type\":\"check\",\"address\":\"b.img\",\"verdict\":\"clean\","
              "\"exit_code\":0,\"checked_by\":\"e2fsck\",\"problems\":[]}\n");
}

TEST_F(CheckVerb, damage_is_told_and_repaired_on_demand) {
    damage("a.img");
    const std::string before = content("a.img");
    const Outcome damaged = quire({"check", "a.img", "b.img"});
    EXPECT_EQ(damaged.status, 4);
    EXPECT_EQ(damaged.err, "");
    EXPECT_THAT(damaged.out, HasSubstr("a.img: Inode bitmap differences: "));
    EXPECT_THAT(damaged.out, HasSubstr("\na.img: damaged; "));
    EXPECT_THAT(damaged.out, HasSubstr("\nb.img: clean, "));
    EXPECT_THAT(damaged.out, Not(HasSubstr("? no")));
    EXPECT_TRUE(content("a.img") == before);
    EXPECT_THAT(quire({"check", "--json", "a.img"}).out, HasSubstr(R"("exit_code":4)"));

    const Outcome repaired = quire({"check", "--repair", "a.img"});
    EXPECT_EQ(repaired.status, 1);
    EXPECT_THAT(repaired.out, HasSubstr("\na.img: repaired, "));
    said("e2fsck -fn a.img");
    EXPECT_EQ(quire({"check", "--repair", "a.img"}).status, 0);
    EXPECT_EQ(out({"diff", "--no-times", "d", "a.img:/"}), "");
}

TEST_F(CheckVerb, names_with_meaning_elsewhere_are_names) {
    prepare("cp b.img './-n?offset=1024'; mkdir 'x:y'; cp b.img 'x:y/a@p1'");
    EXPECT_THAT(out({"check", "./-n?offset=1024"}), HasSubstr(": clean"));
    EXPECT_THAT(out({"check", "./x:y/a\\@p1"}), HasSubstr(": clean"));
}

TEST_F(CheckVerb, images_in_images_are_checked_in_a_copy) {
    prepare(
        "mkdir -p m o; cp a.img m; make -t ext2 -d m o/m.img 20M; make -t ext4 -d o out.img 40M");
    const std::string before = content("out.img");
    EXPECT_THAT(out({"check", "out.img:/m.img:/a.img"}), HasSubstr("/a.img: clean, "));
    EXPECT_THAT(out({"check", "out.img:/m.img"}), HasSubstr("/m.img: clean, "));
    EXPECT_THAT(quire({"check", "-v", "out.img:/m.img"}).err, HasSubstr("a copy is checked"));
    expect_sentence(quire({"check", "--repair", "out.img:/m.img"}), 8, "lies in another image");
    EXPECT_TRUE(content("out.img") == before);
    damage("m/a.img");
    prepare("make -t ext2 -d m m.img 20M");
    EXPECT_EQ(quire({"check", "m.img:/a.img"}).status, 4);
    EXPECT_EQ(quire({"check", "host:m:/a.img"}).status, 4);
    EXPECT_EQ(quire({"check", "host:m:/a.img", "--repair"}).status, 1);
    expect_sentence(quire({"check", "m.img:/a.img"}, {}, {"TMPDIR=/nowhere"}), 8, "TMPDIR");
}

TEST_F(CheckVerb, partitions_and_offsets_are_checked_in_their_place) {
    if (!testing::have("sfdisk")) GTEST_SKIP() << "sfdisk is not installed";
    prepare(R"(
        truncate -s 32M disk.img
        printf 'label: gpt\nstart=2048,size=16384\nstart=20480,size=16384\n' | sfdisk -q disk.img
        dd if=b.img of=disk.img bs=1M seek=10 conv=notrunc status=none)");
    EXPECT_THAT(out({"check", "disk.img"}), StartsWith("disk.img: clean"));
    EXPECT_THAT(out({"check", "disk.img@@10M"}), HasSubstr(": clean"));
    expect_sentence(quire({"check", "disk.img@p1"}), 8, "disk.img@p1 has no ext filesystem");
    damage("a.img");
    prepare("dd if=a.img of=disk.img bs=1M seek=1 conv=notrunc status=none");
    expect_sentence(quire({"check", "disk.img"}), 8, "choose one of disk.img@p1, disk.img@p2");
    EXPECT_EQ(quire({"check", "disk.img@p1", "disk.img@p2"}).status, 4);
    EXPECT_EQ(quire({"check", "--repair", "disk.img@p1"}).status, 1);
    EXPECT_EQ(quire({"check", "disk.img@p1", "disk.img@p2"}).status, 0);
    prepare("dd if=/dev/zero of=disk.img bs=1K seek=1025 count=1 conv=notrunc status=none");
    expect_sentence(quire({"check", "--repair", "disk.img@p1"}), 8, "how far a repair may go");
    prepare("dd if=disk.img of=after.img bs=1M skip=10 count=8 status=none; e2fsck -fn after.img");
}

TEST_F(CheckVerb, what_is_no_filesystem_gets_a_sentence) {
    prepare(
        ": > empty; head -c 3M /dev/urandom > junk; head -c 100000 a.img > short; tar -cf x.tar d");
    expect_sentence(quire({"check", "empty"}), 8, "empty is empty");
    expect_sentence(quire({"check", "junk"}), 8, "junk has no ext filesystem");
    expect_sentence(quire({"check", "short"}), 8, "short: the filesystem has 8192 blocks");
    expect_sentence(quire({"check", "x.tar"}), 8, "x.tar is a tar archive");
    expect_sentence(quire({"check", "none"}), 8, "No such file");
    expect_sentence(quire({"check", "d"}), 8, "d is a directory");
    expect_sentence(quire({"check", "mem:"}), 8, "is a filesystem, not a device");
    EXPECT_EQ(quire({"check"}).status, 2);
}

TEST_F(CheckVerb, a_lost_superblock_is_found_again) {
    prepare(
        "make -t ext4 -b 1024 -d d a.img 20M; dd if=/dev/zero of=a.img bs=1K seek=1 count=1 "
        "conv=notrunc status=none");
    EXPECT_EQ(quire({"check", "a.img"}).status & 4, 4);
    EXPECT_EQ(quire({"check", "--repair", "a.img"}).status, 1);
    EXPECT_EQ(out({"diff", "--no-times", "d", "a.img:/"}), "");
}

TEST_F(CheckVerb, an_unclean_ext2_is_judged_by_its_content) {
    prepare("debugfs -w -R 'set_super_value state 0' b.img 2>/dev/null");
    EXPECT_THAT(quire({"check", "b.img"}).out, HasSubstr("b.img: "));
    EXPECT_EQ(quire({"check", "b.img"}).status,
              said("e2fsck -fn b.img >/dev/null; echo $?") == "0\n" ? 0 : 4);
    EXPECT_EQ(quire({"check", "--repair", "b.img"}).status & ~1, 0);
    said("e2fsck -fn b.img");
}

TEST_F(CheckVerb, a_journal_is_replayed_in_a_copy_before_the_verdict) {
    // The journal takes back what makes the image bad: a block of zeros over the inode table.
    prepare(R"(
        block=$(dumpe2fs a.img 2>/dev/null | sed -n 's/.*Inode table at \([0-9]*\).*/\1/p' | head -1)
        dd if=a.img of=good bs=1024 skip=$block count=1 status=none
        debugfs -w -f - a.img >/dev/null 2>&1 <<END
jo
jw -b $block good
jc
END
        debugfs -w -R 'feature needs_recovery' a.img >/dev/null 2>&1
        dd if=/dev/zero of=a.img bs=1024 seek=$block count=1 conv=notrunc status=none)");
    if (out({"info", "a.img"}).find("to be replayed") == std::string::npos)
        GTEST_SKIP() << "this debugfs leaves no journal to be replayed";
    const std::string before = content("a.img");
    EXPECT_THAT(out({"check", "a.img"}), HasSubstr("a.img: clean"));
    EXPECT_TRUE(content("a.img") == before);
}

TEST_F(CheckVerb, locks_are_respected_and_a_lost_verdict_is_told) {
    expect_sentence(shell("flock -x a.img " QUIRE_PROGRAM " check a.img"), 8, "is being written");
    EXPECT_EQ(shell("flock -s a.img " QUIRE_PROGRAM " check a.img").status, 0);
    EXPECT_EQ(shell("flock -s a.img " QUIRE_PROGRAM " check --repair a.img").status, 8);
    expect_sentence(shell("quire check a.img > /dev/full"), 8, "No space left");
}

TEST_F(CheckVerb, without_e2fsck_there_is_no_verdict_but_damage_is_told) {
    const std::string hide =
        std::string(root() ? "unshare -m" : "unshare -rm") +
        " bash -c 'for p in /usr/sbin/e2fsck /sbin/e2fsck; do [ ! -x $p ] || mount --bind "
        "/dev/null "
        "$p; done; [ ! -x /usr/sbin/e2fsck ] && [ ! -x /sbin/e2fsck ] && \"$@\"' - ";
    if (shell(hide + "true").status != 0) GTEST_SKIP() << "e2fsck can't be hidden here";
    const std::string check = hide + QUIRE_PROGRAM " check ";
    expect_sentence(shell(check + "a.img"), 8, "e2fsck is not installed");
    expect_sentence(shell(check + "--repair a.img"), 8,
                    "can't be repaired: e2fsck is not installed");
    prepare("debugfs -w -R 'clri /etc/motd' a.img 2>/dev/null");
    const Outcome damaged = shell(check + "a.img");
    EXPECT_EQ(damaged.status, 4) << damaged.err;
    EXPECT_THAT(damaged.out, HasSubstr("a.img: /etc/motd: "));
    EXPECT_THAT(shell(check + "--json a.img").out, HasSubstr(R"("checked_by":"quire")"));
}

}  // namespace
}  // namespace quire::app
