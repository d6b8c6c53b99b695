// SPDX-License-Identifier: MIT
//
// What holds for every verb that changes: reproducible bytes, one writer, damaged images.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include <algorithm>

#include "quire/base/unique_fd.hpp"
#include "tests/support/twins.hpp"

namespace quire::app::testing {
namespace {

using ::testing::HasSubstr;

class Change : public Twins {
protected:
    // One of each, in an order in which each has something to do.
    const std::vector<std::vector<std::string>> all = {
        {"mkdir", "-p", "IMG:/srv/www/html"},
        {"touch", "IMG:/srv/www/html/index"},
        {"truncate", "-s", "300K", "IMG:/srv/www/html/index"},
        {"ln", "-s", "index", "IMG:/srv/www/html/link"},
        {"ln", "IMG:/srv/www/html/index", "IMG:/srv/second"},
        {"chmod", "-R", "u=rwX,go=rX", "IMG:/"},
        {"chown", "-R", "33:33", "IMG:/srv"},
        {"xattr", "--set", "user.a=b", "IMG:/srv/second"},
        {"rm", "IMG:/srv/www/html/index"},
        {"rmdir", "IMG:/empty"},
        {"mkdir", "IMG:/empty"},
        {"rm", "-r", "IMG:/many"},
    };
    void SetUp() override {
        Twins::SetUp();
        if (IsSkipped()) return;
        make("mkdir empty many; for i in $(seq 200); do echo $i > many/$i; done");
    }
    static std::vector<std::string> on(const std::string& image, std::vector<std::string> words) {
        for (std::string& word : words)
            if (word.starts_with("IMG")) word.replace(0, 3, image);
        return words;
    }
};

TEST_F(Change, the_same_commands_give_the_same_bytes) {
    shell("cp a.img b.img");
    for (const std::string image : {"a.img", "b.img"}) {
        for (std::vector<std::string> words : all) {
            words.insert(words.begin() + 1, {"--seed", "7"});
            const Outcome outcome = quire(on(image, words), {"SOURCE_DATE_EPOCH=1700000000"});
            EXPECT_EQ(outcome.status, 0) << words.front() << outcome.err;
        }
        expect_clean(image);
    }
    EXPECT_EQ(shell("cmp a.img b.img && echo same"), "same\n");
}

TEST_F(Change, a_dry_run_changes_no_byte) {
    const std::string before = shell("cksum a.img");
    for (std::vector<std::string> words : all) {
        words.insert(words.begin() + 1, "--dry-run");
        static_cast<void>(quire(on("a.img", words)));
        EXPECT_EQ(shell("cksum a.img"), before) << words.front();
    }
}

TEST_F(Change, a_second_writer_is_refused) {
    const UniqueFd other(::open((place / "a.img").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
    const std::string before = shell("cksum a.img");
    for (const auto& words : all) {
        const Outcome outcome = quire(on("a.img", words));
        EXPECT_EQ(outcome.status, 1) << words.front();
        EXPECT_THAT(outcome.err, HasSubstr("quire " + words.front() + ": a.img")) << outcome.err;
    }
    EXPECT_EQ(shell("cksum a.img"), before);
}

TEST_F(Change, one_failure_does_not_keep_the_others) {
    const Outcome outcome =
        quire({"touch", "none.img:/x", "a.img:/none/x", "a.img:/good", "mine/good"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 2) << outcome.err;
    EXPECT_EQ(quire({"ls", "a.img:/good"}).status, 0);
    EXPECT_EQ(shell("test -e mine/good && echo there"), "there\n");
    expect_clean();
}

TEST_F(Change, a_damaged_image_is_told_in_a_sentence) {
    // The directory's block, then the superblock.
    const std::string block =
        shell("debugfs -R 'blocks /many' a.img 2>/dev/null | cut -d' ' -f1 | tr -d '\\n'");
    shell(
        "b=$(dumpe2fs -h a.img 2>/dev/null | sed -n 's/^Block size: *//p')\n"
        "head -c $b /dev/urandom | tr '\\0' x | dd of=a.img bs=$b seek=" +
        block + " conv=notrunc status=none");
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"rm", "-r", "a.img:/many"},
          {"touch", "a.img:/many/7"},
          {"chmod", "-R", "755", "a.img:/many"}}) {
        const Outcome outcome = quire(words);
        EXPECT_EQ(outcome.status, 1) << words.front();
        EXPECT_THAT(outcome.err, HasSubstr("quire " + words.front() + ": a.img:/many"));
    }
    shell("dd if=/dev/zero of=a.img bs=1K seek=1 count=1 conv=notrunc status=none");
    for (const auto& words : all) {
        expect_refused(on("a.img", words), "a.img");
    }
}

TEST_F(Change, an_image_in_an_image) {
    shell("mkdir o; cp a.img o/inner.img; mke2fs -q -F -t ext4 -d o outer.img 64M");
    for (const auto& words : all) {
        const Outcome outcome = quire(on("outer.img:/inner.img", words));
        EXPECT_EQ(outcome.status, 0) << words.front() << outcome.err;
    }
    EXPECT_EQ(quire({"ls", "outer.img:/inner.img:/many"}).status, 1);
    expect_clean("outer.img");
    shell("debugfs -R 'dump /inner.img inner.img' outer.img 2>/dev/null");
    expect_clean("inner.img");
}

}  // namespace
}  // namespace quire::app::testing
