// SPDX-License-Identifier: MIT

// Our logs replayed by e2fsck, by debugfs and by the kernel; logs of the kernel replayed by us.
// Two replays agree when every block outside the journal and the superblock is the same.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "command.hpp"
#include "ext_image.hpp"
#include "log_blocks.hpp"
#include "quire/testing/loop_device.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::ext::journal {
namespace {

namespace files = std::filesystem;
using Block = std::vector<std::byte>;

struct Flavour {
    std::string name;
    std::string mke2fs;
    std::string mount = "";
};

std::vector<Flavour> flavours() {
    return {
        {"ext4_4k", "-t ext4 -b 4096"},
        {"ext4_1k", "-t ext4 -b 1024"},
        {"ext4_32bit", "-t ext4 -b 4096 -O ^64bit"},
        {"ext4_no_checksums", "-t ext4 -b 1024 -O ^metadata_csum"},
        {"ext4_plain", "-t ext4 -b 4096 -O ^metadata_csum,^64bit"},
        {"ext3_1k", "-t ext3 -b 1024"},
        {"ext3_4k", "-t ext3 -b 4096"},
    };
}

/// A filesystem of the kernel's, mounted while this lives.
class Mount {
public:
    static Result<std::unique_ptr<Mount>> at(const files::path& image, const files::path& place,
                                             const std::string& options) {
        if (::geteuid() != 0) return fail(std::errc::operation_not_permitted, "needs root");
        QUIRE_TRY_ASSIGN(auto loop, testing::LoopDevice::attach(image));
        files::create_directories(place);
        const auto mounted = run("mount -o " + options + " " + loop->path() + " " + quoted(place));
        if (mounted.status != 0) return fail(std::errc::operation_not_supported, mounted.output);
        return std::unique_ptr<Mount>(new Mount(std::move(loop), place));
    }
    ~Mount() { EXPECT_EQ(run("umount " + quoted(place_)).status, 0); }

private:
    Mount(std::unique_ptr<testing::LoopDevice> loop, files::path place)
        : loop_(std::move(loop)), place_(std::move(place)) {}

    std::unique_ptr<testing::LoopDevice> loop_;
    files::path place_;
};

class Outsiders : public ::testing::TestWithParam<Flavour> {
protected:
    void SetUp() override {
        for (const char* program : {"e2fsck", "debugfs", "mke2fs"})
            if (!have_program(program)) GTEST_SKIP() << program << " is not installed";
        const auto made = run("mke2fs -q -F -J size=4 " + GetParam().mke2fs + " " +
                              quoted(file("before")) + " 32M");
        ASSERT_EQ(made.status, 0) << made.output;
    }

    files::path file(const std::string& name) const { return directory_ / name; }
    void copy(const std::string& from, const std::string& to) {
        ASSERT_EQ(run("cp --sparse=always " + quoted(file(from)) + " " + quoted(file(to))).status,
                  0);
    }
    ExtImage open(const std::string& name) {
        auto image = ExtImage::open(file(name));
        EXPECT_TRUE(image) << image.error().message();
        return std::move(image).value();
    }

    /// Makes the image that the transactions lead to: files, directories, and a file whose blocks
    /// look like the journal's own.
    void make_after() {
        copy("before", "after");
        std::ofstream magic(file("magic"), std::ios::binary);
        for (int i = 0; i < 20; ++i) {
            Block block(4096, std::byte{7});
            for (std::size_t at = 0; at < block.size(); at += 1024)
                format::store(std::span(block), at, format::magic);
            magic.write(reinterpret_cast<const char*>(block.data()), 4096);
        }
        magic.close();
        std::ofstream commands(file("commands"));
        commands << "write " << file("magic").string() << " magic\n";
        for (int i = 0; i < 60; ++i) commands << "mkdir directory" << i << "\n";
        commands
            << "rmdir directory7\nln magic directory8/link\nset_inode_field magic mode 0100600\n";
        commands.close();
        run("debugfs -w -f " + quoted(file("commands")) + " " + quoted(file("after")));
        // Link counts and the like that debugfs leaves to others.
        EXPECT_LE(run("e2fsck -fy " + quoted(file("after"))).status, 1);
    }

    /// The blocks that differ, superblock included, as "after" has them.
    std::vector<std::pair<std::uint64_t, Block>> changes(ExtImage& image, ExtImage& after) {
        auto blocks = differing_blocks(image, after.device());
        blocks.push_back(1024 / image.block_size());
        std::vector<std::pair<std::uint64_t, Block>> result;
        after.set_needs_recovery(true);
        for (const std::uint64_t block : blocks) {
            Block bytes(image.block_size());
            EXPECT_TRUE(after.device().read(block * bytes.size(), bytes));
            result.emplace_back(block, std::move(bytes));
        }
        after.set_needs_recovery(false);
        return result;
    }

    std::unique_ptr<Writer> open_writer(ExtImage& image) {
        auto writer = Writer::open(image.map(), Superblock::read(image.map()).value(),
                                   {.wide_blocks = image.wide(),
                                    .checksums = image.metadata_checksums(),
                                    .memory_budget = 300 * image.block_size()});
        EXPECT_TRUE(writer) << writer.error().message();
        image.set_needs_recovery(true);
        return std::move(writer).value();
    }

    /// Which of the changed blocks may hold rubbish while the log is not replayed: not those that
    /// everyone needs to find the journal, descriptors and the inode table's beginning.
    std::uint64_t first_block_for_rubbish(const std::string& name) {
        const auto place = run("debugfs -c -R 'imap <8>' " + quoted(file(name))).output;
        const std::string words = "located at block ";
        const auto at = place.find(words);
        EXPECT_NE(at, std::string::npos) << place;
        return std::stoull(place.substr(at + words.size())) + 1;
    }

    static void commit(Writer& writer, const std::vector<std::pair<std::uint64_t, Block>>& writes,
                       const std::vector<std::uint64_t>& revokes = {}) {
        std::vector<BlockWrite> blocks;
        for (const auto& [block, bytes] : writes) blocks.push_back({block, bytes.data()});
        const auto done = writer.commit({blocks, revokes, Time{1'700'000'000, 0}});
        EXPECT_TRUE(done) << done.error().message();
    }

    /// Brings the image's committed state to "after" in a way that uses all a log can do; at the
    /// end the log has everything and little is in place.
    void write_transactions(ExtImage& image, ExtImage& after) {
        std::mt19937 random(7);
        const auto wanted = changes(image, after);
        const std::uint64_t rubbish_from = first_block_for_rubbish("before");
        ASSERT_GT(wanted.size(), 60u);
        const auto writer = open_writer(image);
        // Rubbish several times around the log, then what is right.
        for (int round = 0; round < 70; ++round) {
            std::vector<std::pair<std::uint64_t, Block>> some;
            for (const auto& [block, bytes] : wanted)
                if (block >= rubbish_from && random() % 2)
                    some.emplace_back(block,
                                      Block(bytes.size(), static_cast<std::byte>(random() % 255)));
            commit(*writer, some);
        }
        // A third goes through the log for good; a third is rubbish in the log, freed, and a
        // file's data in place then; the rest is freed and journaled again.
        std::vector<std::pair<std::uint64_t, Block>> first, rubbish, data, last;
        std::vector<std::uint64_t> freed;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const auto& [block, bytes] = wanted[i];
            if (block < rubbish_from || i % 3 == 0) {
                first.push_back(wanted[i]);
                continue;
            }
            rubbish.emplace_back(block, Block(bytes.size(), std::byte{0x77}));
            freed.push_back(block);
            (i % 3 == 1 ? data : last).push_back(wanted[i]);
        }
        commit(*writer, rubbish);
        commit(*writer, first, freed);
        for (const auto& [block, bytes] : data)
            ASSERT_TRUE(image.device().write(block * bytes.size(), bytes));
        commit(*writer, last);
        EXPECT_FALSE(image.scan()->damage());
    }

    void expect_same(const std::string& a, const std::string& b, const std::string& why) {
        auto image = open(a);
        const auto other = block::FileDevice::open(file(b));
        ASSERT_TRUE(other) << other.error().message();
        EXPECT_EQ(differing_blocks(image, **other), std::vector<std::uint64_t>{}) << why;
    }
    void expect_clean(const std::string& name) {
        const auto check = run("e2fsck -fn " + quoted(file(name)));
        EXPECT_EQ(check.status, 0) << check.output;
    }

    testing::TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(On, Outsiders, ::testing::ValuesIn(flavours()),
                         [](const auto& each) { return each.param.name; });

TEST_P(Outsiders, replay_what_we_wrote) {
    make_after();
    {
        auto image = open("before");
        auto after = open("after");
        write_transactions(image, after);
    }
    copy("before", "ours");
    ASSERT_TRUE(open("ours").recover());
    expect_same("after", "ours", "by us");
    expect_clean("ours");

    copy("before", "debugfs");
    const auto debugfs = run("debugfs -w -R jr " + quoted(file("debugfs")));
    expect_same("after", "debugfs", debugfs.output);

    copy("before", "e2fsck");
    const auto e2fsck = run("e2fsck -y -E journal_only " + quoted(file("e2fsck")));
    EXPECT_LE(e2fsck.status, 1) << e2fsck.output;
    expect_same("after", "e2fsck", e2fsck.output);
    expect_clean("e2fsck");
}

TEST_P(Outsiders, the_kernel_replays_what_we_wrote) {
    make_after();
    {
        auto image = open("before");
        auto after = open("after");
        write_transactions(image, after);
    }
    if (auto mount = Mount::at(file("before"), file("mounted"), "ro"); !mount)
        GTEST_SKIP() << mount.error().message();
    expect_same("after", "before", "by the kernel");
    expect_clean("before");
}

TEST_P(Outsiders, find_nothing_amiss_after_a_normal_end) {
    make_after();
    {
        auto image = open("before");
        auto after = open("after");
        const auto wanted = changes(image, after);
        const auto writer = open_writer(image);
        commit(*writer, wanted);
        ASSERT_TRUE(writer->close());
        image.set_needs_recovery(false);
    }
    expect_same("after", "before", "in place");
    expect_clean("before");
}

class KernelLog : public Outsiders {
protected:
    /// Works in a mounted image so that its log has files, directories, deletions and blocks that
    /// look like the log's own, and takes a copy as a crash would. Needs: a mount at "mounted".
    void work_and_crash() {
        std::ofstream(file("magic"), std::ios::binary)
            << std::string("\xC0\x3B\x39\x98", 4) << std::string(9000, 'x');
        const auto worked = run(
            "set -e; magic=" + quoted(file("magic")) + "; cd " + quoted(file("mounted")) +
            "; mkdir $(seq 40); for i in 1 2 3 4; do cp $magic $i/a; ln -s $(printf %0200d $i) "
            "$i/link; done; sync -f .; rm -r 1 2 2?; for i in $(seq 300); do : >3/file$i; done; "
            "sync -f .; rm -r 3 4; cp $magic 5/b; sync 5/b; mkdir late; sync -f .; rmdir 6; "
            "cp --sparse=always " +
            quoted(file("before")) + " " + quoted(file("crashed")));
        ASSERT_EQ(worked.status, 0) << worked.output;
    }

    static bool has_revokes(ExtImage& image) {
        Block block(image.block_size());
        for (std::uint32_t i = 1; i < image.map().size(); ++i) {
            EXPECT_TRUE(image.map().read(i, block));
            const auto header = read_header(block);
            if (header && header->type == format::BlockType::revoke) return true;
        }
        return false;
    }

    void SetUp() override {
        Outsiders::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        auto mount = Mount::at(file("before"), file("mounted"), "commit=300" + GetParam().mount);
        if (!mount) GTEST_SKIP() << mount.error().message();
        work_and_crash();
    }
};

std::vector<Flavour> kernel_flavours() {
    auto all = flavours();
    all.push_back({"ext4_data_journal", "-t ext4 -b 1024", ",data=journal"});
    all.push_back({"ext4_v1_checksums", "-t ext4 -b 4096 -O ^metadata_csum", ",journal_checksum"});
    all.push_back({"ext4_async", "-t ext4 -b 4096", ",data=writeback,journal_async_commit"});
    all.push_back({"ext3_data_journal", "-t ext3 -b 1024", ",data=journal"});
    return all;
}

INSTANTIATE_TEST_SUITE_P(On, KernelLog, ::testing::ValuesIn(kernel_flavours()),
                         [](const auto& each) { return each.param.name; });

class KernelLogOfFew : public KernelLog {};
INSTANTIATE_TEST_SUITE_P(On, KernelLogOfFew,
                         ::testing::Values(flavours()[1], flavours()[4], flavours()[5]),
                         [](const auto& each) { return each.param.name; });

TEST_P(KernelLog, is_replayed_by_us_as_by_e2fsck) {
    {
        auto image = open("crashed");
        ASSERT_TRUE(image.needs_recovery());
        const auto overlay = image.scan();
        ASSERT_TRUE(overlay) << overlay.error().message();
        EXPECT_FALSE(overlay->empty());
        // What this kernel's log is there for: file blocks that look like the log's own where data
        // is journaled, revokes where it is not.
        const bool journals_data = GetParam().mount.starts_with(",data=journal");
        EXPECT_TRUE(journals_data
                        ? std::ranges::any_of(overlay->entries(), &Overlay::Entry::escaped)
                        : has_revokes(image));
        const auto expected = GetParam().mount == ",journal_checksum" ? Checksums::v1
                              : image.metadata_checksums()            ? Checksums::v3
                                                                      : Checksums::none;
        EXPECT_EQ(Superblock::read(image.map())->checksums(), expected);
    }
    copy("crashed", "ours");
    copy("crashed", "theirs");
    const auto recovered = open("ours").recover();
    ASSERT_TRUE(recovered) << recovered.error().message();
    const auto e2fsck = run("e2fsck -y -E journal_only " + quoted(file("theirs")));
    EXPECT_LE(e2fsck.status, 1) << e2fsck.output;
    expect_same("ours", "theirs", e2fsck.output);
}

// Numbers of transactions must go on so that nobody takes another's leftovers for new ones.
TEST_P(KernelLogOfFew, is_followed_by_ours_and_the_kernel_again) {
    ASSERT_TRUE(open("crashed").recover());
    EXPECT_LE(run("e2fsck -fy " + quoted(file("crashed"))).status, 1);
    files::rename(file("crashed"), file("before"));
    make_after();
    {
        auto image = open("before");
        auto after = open("after");
        const auto wanted = changes(image, after);
        const std::uint64_t rubbish_from = first_block_for_rubbish("before");
        const auto writer = open_writer(image);
        for (const auto& [block, bytes] : wanted)
            if (block >= rubbish_from)
                commit(*writer, {{block, Block(bytes.size(), std::byte{1})}});
        commit(*writer, wanted);
    }
    copy("before", "theirs");
    run("e2fsck -y -E journal_only " + quoted(file("theirs")));
    expect_same("after", "theirs", "by e2fsck");
    {
        const auto mount = Mount::at(file("before"), file("mounted"), "defaults");
        ASSERT_TRUE(mount) << mount.error().message();
        EXPECT_EQ(run("touch " + quoted(file("mounted") / "new")).status, 0);
    }
    expect_clean("before");
    EXPECT_TRUE(Superblock::read(open("before").map())->clean());
}

}  // namespace
}  // namespace quire::ext::journal
