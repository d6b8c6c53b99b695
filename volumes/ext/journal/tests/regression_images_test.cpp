// SPDX-License-Identifier: MIT

// The journals of e2fsprogs' own regression tests, replayed by us and by e2fsck.

#include <gtest/gtest.h>

#include <set>

#include "command.hpp"
#include "ext_image.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::ext::journal {
namespace {

namespace files = std::filesystem;

enum class Outcome {
    same,      // every block as debugfs' replay and e2fsck leave it
    wiped,     // the same, but the log overwrites the inode table, and e2fsck would go on to repair
    refused,   // an error or damage whose sentence holds `text`
    external,  // the journal is elsewhere: this room never sees it, the volume refuses it by name
};

struct Case {
    const char* name;
    Outcome outcome = Outcome::same;
    const char* text = "";
};

// Why we refuse where e2fsck goes on: it asks a person, or is told -y, and then throws away what
// is damaged. Throwing away is not ours to decide; the sentence sends the person to e2fsck.
constexpr Case cases[] = {
    {"j_corrupt_commit_csum", Outcome::refused, "others follow it"},
    {"j_corrupt_commit_tid"},
    {"j_corrupt_descr_csum", Outcome::refused, "a block with a wrong checksum"},
    {"j_corrupt_descr_tid"},
    {"j_corrupt_ext_jnl_sb_block", Outcome::external},
    {"j_corrupt_ext_jnl_sb_csum", Outcome::external},
    {"j_corrupt_journal_block", Outcome::refused, "a wrong checksum for block"},
    {"j_corrupt_revoke_block"},
    {"j_corrupt_revoke_csum"},
    {"j_corrupt_revoke_rcount", Outcome::refused, "a revoke block with an impossible count"},
    {"j_corrupt_sb_csum", Outcome::refused, "its checksum is wrong"},
    {"j_corrupt_sb_magic", Outcome::refused, "it has no magic number"},
    {"j_ext_dumpe2fs", Outcome::external},
    {"j_ext_long_revoke_trans", Outcome::external},
    {"j_ext_long_trans", Outcome::external},
    {"j_long_revoke_trans"},
    {"j_long_revoke_trans_mcsum_32bit"},
    {"j_long_revoke_trans_mcsum_64bit"},
    {"j_long_trans", Outcome::wiped},
    {"j_long_trans_mcsum_32bit", Outcome::wiped},
    {"j_long_trans_mcsum_64bit", Outcome::wiped},
    {"j_recover_csum2_32bit"},
    {"j_recover_csum2_64bit"},
    {"j_recover_csum3_64bit"},
    {"j_recover_fast_commit", Outcome::refused, "fast commits"},
    {"j_short_revoke_trans"},
    {"j_short_revoke_trans_mcsum_64bit"},
    {"j_short_trans"},
    {"j_short_trans_64bit"},
    {"j_short_trans_mcsum_64bit"},
    {"j_short_trans_old_csum"},
    {"j_short_trans_open_recover"},
    {"j_short_trans_recover"},
    {"j_short_trans_recover_mcsum_64bit"},
    {"j_short_uncommitted_trans"},
    {"j_short_uncommitted_trans_mcsum_64bit"},
};

class RegressionImage : public ::testing::TestWithParam<Case> {
protected:
    void SetUp() override {
        for (const char* program : {"e2fsck", "debugfs", "mke2fs", "dumpe2fs", "bunzip2"})
            if (!have_program(program)) GTEST_SKIP() << program << " is not installed";
        const auto fetched =
            run(quoted(files::path(QUIRE_SOURCE_DIR) / "tools" / "fetch-e2fsprogs-tests"));
        if (fetched.status == 77) GTEST_SKIP() << fetched.output;
        ASSERT_EQ(fetched.status, 0) << fetched.output;
        images_ = fetched.output.substr(0, fetched.output.find('\n'));
    }

    /// Makes the crashed image: some cases have it, others write it with mke2fs and debugfs and
    /// leave a copy where JOURNAL_DUMP_DIR says.
    files::path make_image(const std::string& name) {
        const files::path folder = images_ / name;
        const files::path image = directory_ / "image";
        if (files::exists(folder / "image.gz")) {
            run("gunzip -c " + quoted(folder / "image.gz") + " >" + quoted(image));
        } else if (files::exists(folder / "image.bz2")) {
            run("bunzip2 -c " + quoted(folder / "image.bz2") + " >" + quoted(image));
        } else {
            const auto made =
                run("cd " + quoted(directory_.path()) + " && mkdir dump && test_name=" + name +
                    " test_dir=" + quoted(folder) + " cmd_dir=" + quoted(images_) +
                    " TMPFILE=$PWD/tmp JOURNAL_DUMP_DIR=$PWD/dump FSCK=e2fsck MKE2FS=mke2fs "
                    "DUMPE2FS=dumpe2fs DEBUGFS=debugfs DEBUGFS_EXE=$(command -v debugfs) "
                    "DIFF_OPTS=-u && export MKE2FS_CONFIG=$cmd_dir/mke2fs.conf.in "
                    "E2FSCK_CONFIG=/dev/null BLKID_FILE=/dev/null MKE2FS_SKIP_PROGRESS=true "
                    "E2FSPROGS_SKIP_PROGRESS=yes && . $test_dir/script");
            const files::path dumped = directory_.path() / "dump" / (name + ".img");
            EXPECT_TRUE(files::exists(dumped)) << made.output;
            files::rename(dumped, image);
        }
        return image;
    }

    testing::TemporaryDirectory directory_;
    files::path images_;
};

INSTANTIATE_TEST_SUITE_P(Of, RegressionImage, ::testing::ValuesIn(cases),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_P(RegressionImage, is_replayed_as_by_e2fsck_or_refused) {
    const Case& expected = GetParam();
    if (!files::exists(images_ / expected.name)) GTEST_SKIP() << "this e2fsprogs has no such test";
    const files::path ours = make_image(expected.name);
    const files::path crashed = directory_ / "crashed";
    ASSERT_EQ(run("cp --sparse=always " + quoted(ours) + " " + quoted(crashed)).status, 0);

    auto image = ExtImage::open(ours);
    if (expected.outcome == Outcome::external) {
        ASSERT_FALSE(image);
        EXPECT_EQ(image.error(), std::errc::not_supported) << image.error().message();
        return;
    }
    ASSERT_TRUE(image) << image.error().message();
    const auto recovered = image->recover();
    if (expected.outcome == Outcome::refused) {
        ASSERT_FALSE(recovered);
        EXPECT_NE(recovered.error().message().find(expected.text), std::string::npos)
            << recovered.error().message();
        return;
    }
    ASSERT_TRUE(recovered) << recovered.error().message();
    for (const char* replay : {"debugfs -w -R jr ", "e2fsck -y -E journal_only "}) {
        if (expected.outcome == Outcome::wiped && std::string_view(replay).starts_with("e2fsck"))
            continue;
        const files::path theirs = directory_ / "theirs";
        ASSERT_EQ(run("cp --sparse=always " + quoted(crashed) + " " + quoted(theirs)).status, 0);
        const auto replayed = run(replay + quoted(theirs));
        const auto other = block::FileDevice::open(theirs);
        ASSERT_TRUE(other) << other.error().message();
        EXPECT_EQ(differing_blocks(*image, **other), std::vector<std::uint64_t>{})
            << replayed.output;
    }
}

TEST_F(RegressionImage, every_one_is_in_the_table) {
    std::set<std::string> known;
    for (const Case& each : cases) known.insert(each.name);
    for (const auto& entry : files::directory_iterator(images_)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("j_")) {
            EXPECT_TRUE(known.contains(name)) << name;
        }
    }
}

}  // namespace
}  // namespace quire::ext::journal
