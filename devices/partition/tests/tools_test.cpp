// SPDX-License-Identifier: MIT

// Tables that other programs made, and what partx and the kernel see in them.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "quire/base/units.hpp"
#include "quire/block/file_device.hpp"
#include "quire/devices/partition/table.hpp"
#include "quire/testing/loop_device.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::partition {

namespace {

using block::FileDevice;
using block::Range;
using quire::testing::LoopDevice;
using quire::testing::TemporaryDirectory;

class PartitionTools : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(FileDevice::create(path_, 64 * MiB)); }

    static bool installed(const std::string& program) {
        return ::access(("/usr/sbin/" + program).c_str(), X_OK) == 0 ||
               ::access(("/sbin/" + program).c_str(), X_OK) == 0;
    }
    void run(const std::string& command) {
        const std::string log = directory_ / "log";
        const int status = std::system(
            fmt::format("PATH=$PATH:/usr/sbin:/sbin; {{ {}; }} >{} 2>&1", command, log).c_str());
        std::ifstream text(log);
        ASSERT_EQ(status, 0) << command << "\n" << text.rdbuf();
    }
    Table read(const std::string& path) {
        auto device = FileDevice::open(path);
        EXPECT_TRUE(device) << device.error().message();
        if (!device) return {};
        auto table = read_partition_table(**device);
        EXPECT_TRUE(table) << table.error().message();
        return table ? *std::move(table) : Table{};
    }
    Table read() { return read(path_); }

    /// Where the kernel sees partitions: /sys/block/loop3/loop3p1/start, in units of 512 bytes.
    static std::map<std::uint32_t, Range> kernel_partitions(const LoopDevice& loop) {
        const std::filesystem::path name = std::filesystem::path(loop.path()).filename();
        const std::string prefix = name.string() + "p";
        std::map<std::uint32_t, Range> result;
        for (const auto& entry : std::filesystem::directory_iterator("/sys/block" / name)) {
            const std::string part = entry.path().filename();
            if (!part.starts_with(prefix)) continue;
            Range range;
            std::ifstream(entry.path() / "start") >> range.offset;
            std::ifstream(entry.path() / "size") >> range.length;
            const auto number = std::stoul(part.substr(prefix.size()));
            result[static_cast<std::uint32_t>(number)] = {range.offset * 512, range.length * 512};
        }
        return result;
    }
    /// What partx (libblkid) sees, whose numbers are the kernel's.
    std::map<std::uint32_t, Range> partx_partitions(std::uint32_t sector_size) {
        const std::string list = directory_ / "list";
        run(fmt::format("partx --raw --noheadings --sector-size {} -o NR,START,SECTORS {} > {}",
                        sector_size, path_, list));
        std::map<std::uint32_t, Range> result;
        std::ifstream lines(list);
        std::uint32_t number = 0;
        for (Range range; lines >> number >> range.offset >> range.length;)
            result[number] = {range.offset * 512, range.length * 512};
        return result;
    }
    static void expect_equal(const Table& table, const std::map<std::uint32_t, Range>& theirs) {
        std::map<std::uint32_t, Range> ours;
        for (const Entry& entry : table.entries) {
            ours[entry.number] = entry.range;
            // They give a container two sectors only, for boot loaders.
            const auto same = theirs.find(entry.number);
            if (entry.container && same != theirs.end())
                ours[entry.number].length = same->second.length;
        }
        EXPECT_TRUE(ours == theirs);
    }
    void expect_as_others_see_it(const Table& table, std::uint32_t sector_size = 512) {
        expect_equal(table, partx_partitions(sector_size));
        const auto loop =
            LoopDevice::attach(path_, {.block_size = sector_size, .scan_partitions = true});
        if (!loop) return;
        // Empty where the kernel was built without partition tables.
        const auto kernel = kernel_partitions(**loop);
        if (!kernel.empty()) expect_equal(table, kernel);
    }

    TemporaryDirectory directory_;
    std::string path_ = directory_ / "disk.img";
};

TEST_F(PartitionTools, sfdisk_makes_an_mbr_with_logical_partitions) {
    if (!installed("sfdisk")) GTEST_SKIP() << "sfdisk is not installed";
    std::ofstream(directory_ / "script") << "label: dos\nlabel-id: 0x12345678\n"
                                            "size=4M, type=83, bootable\n"
                                            "size=8M, type=82\n"
                                            "size=40M, type=5\n"
                                            "size=4M, type=c\n"
                                            "size=2M\nsize=3M, type=8e\nsize=5M\n";
    run(fmt::format("sfdisk --no-reread {} < {}", path_, (directory_ / "script").string()));
    const Table table = read();
    EXPECT_EQ(table.kind, Kind::mbr);
    EXPECT_EQ(table.id, "12345678");
    ASSERT_EQ(table.entries.size(), 7U);
    EXPECT_EQ(table.entries[0].range, (Range{MiB, 4 * MiB}));
    EXPECT_EQ(table.entries[1].range, (Range{5 * MiB, 8 * MiB}));
    EXPECT_TRUE(table.entries[2].container);
    EXPECT_EQ(table.entries[4].number, 5U);
    EXPECT_EQ(table.entries[4].range.length, 2 * MiB);
    EXPECT_EQ(table.entries[5].type, "0x8e");
    EXPECT_EQ(table.entries[6].number, 7U);
    for (const Entry& entry : table.entries) EXPECT_EQ(entry.problem, "");
    EXPECT_TRUE(table.notes.empty());
    expect_as_others_see_it(table);

    // Deleting a logical partition moves the numbers of those after it, for the kernel and for us.
    run(fmt::format("sfdisk --no-reread --delete {} 5", path_));
    const Table after = read();
    ASSERT_EQ(after.entries.size(), 6U);
    EXPECT_EQ(after.entries[4].range.length, 3 * MiB);
    expect_as_others_see_it(after);
}

TEST_F(PartitionTools, sfdisk_makes_a_gpt) {
    if (!installed("sfdisk")) GTEST_SKIP() << "sfdisk is not installed";
    std::ofstream(directory_ / "script")
        << "label: gpt\nlabel-id: 0FC63DAF-8483-4772-8E79-3D69D8477DE5\n"
           "size=4M, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=\"boot & more\"\n"
           "start=20M, size=8M, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, "
           "uuid=11111111-2222-3333-4444-555555555555\n";
    run(fmt::format("sfdisk --no-reread {} < {}", path_, (directory_ / "script").string()));
    const Table table = read();
    EXPECT_EQ(table.kind, Kind::gpt);
    EXPECT_EQ(table.id, "0FC63DAF-8483-4772-8E79-3D69D8477DE5");
    ASSERT_EQ(table.entries.size(), 2U);
    EXPECT_EQ(table.entries[0].name, "boot & more");
    EXPECT_EQ(describe_type(table.entries[0].type), "EFI system");
    EXPECT_EQ(table.entries[1].range, (Range{20 * MiB, 8 * MiB}));
    EXPECT_EQ(table.entries[1].guid, "11111111-2222-3333-4444-555555555555");
    EXPECT_TRUE(table.notes.empty());
    expect_as_others_see_it(table);
}

TEST_F(PartitionTools, sgdisk_makes_a_gpt_with_gaps_in_its_numbers) {
    if (!installed("sgdisk")) GTEST_SKIP() << "sgdisk is not installed";
    run(fmt::format("sgdisk -n 3:2048:+4M -c 3:Ümläut -n 7:0:0 -t 7:8200 {}", path_));
    const Table table = read();
    ASSERT_EQ(table.entries.size(), 2U);
    EXPECT_EQ(table.entries[0].number, 3U);
    EXPECT_EQ(table.entries[0].range, (Range{MiB, 4 * MiB}));
    EXPECT_EQ(table.entries[1].number, 7U);
    EXPECT_EQ(describe_type(table.entries[1].type), "Linux swap");
    for (const Entry& entry : table.entries) EXPECT_EQ(entry.problem, "");
    expect_as_others_see_it(table);
}

TEST_F(PartitionTools, sgdisk_makes_a_hybrid) {
    if (!installed("sgdisk")) GTEST_SKIP() << "sgdisk is not installed";
    run(fmt::format("sgdisk -n 1:2048:+4M -n 2:0:+4M -h 1 {}", path_));
    const Table table = read();
    EXPECT_EQ(table.kind, Kind::gpt);
    EXPECT_EQ(table.entries.size(), 2U);
    expect_as_others_see_it(table);
}

TEST_F(PartitionTools, parted_makes_both) {
    if (!installed("parted")) GTEST_SKIP() << "parted is not installed";
    run(fmt::format(
        "parted -s {} mklabel msdos mkpart primary 1MiB 5MiB mkpart extended 5MiB 60MiB "
        "mkpart logical 6MiB 10MiB mkpart logical 20MiB 30MiB",
        path_));
    const Table mbr = read();
    ASSERT_EQ(mbr.entries.size(), 4U);
    EXPECT_EQ(mbr.entries[2].range, (Range{6 * MiB, 4 * MiB}));
    EXPECT_EQ(mbr.entries[3].range, (Range{20 * MiB, 10 * MiB}));
    expect_as_others_see_it(mbr);
    run(fmt::format("parted -s {} mklabel gpt mkpart first 1MiB 5MiB mkpart second 6MiB 9MiB",
                    path_));
    const Table gpt = read();
    EXPECT_EQ(gpt.kind, Kind::gpt);
    ASSERT_EQ(gpt.entries.size(), 2U);
    EXPECT_EQ(gpt.entries[1].name, "second");
    expect_as_others_see_it(gpt);
}

TEST_F(PartitionTools, a_disk_with_sectors_of_four_kilobytes_keeps_its_table_as_an_image) {
    if (!installed("sfdisk")) GTEST_SKIP() << "sfdisk is not installed";
    {
        const auto loop = LoopDevice::attach(path_, {.block_size = 4096});
        if (!loop) GTEST_SKIP() << loop.error().message();
        std::ofstream(directory_ / "script") << "label: gpt\nsize=4M\nsize=8M\n";
        run(fmt::format("sfdisk --no-reread {} < {}", (*loop)->path(),
                        (directory_ / "script").string()));
    }
    const Table table = read();
    EXPECT_EQ(table.kind, Kind::gpt);
    EXPECT_EQ(table.sector_size, 4096U);
    ASSERT_EQ(table.entries.size(), 2U);
    EXPECT_EQ(table.entries[0].range, (Range{MiB, 4 * MiB}));
    expect_as_others_see_it(table, 4096);
}

TEST_F(PartitionTools, a_filesystem_on_the_whole_disk_is_no_table) {
    if (!installed("mkfs.ext4")) GTEST_SKIP() << "mkfs.ext4 is not installed";
    run(fmt::format("mkfs.ext4 -q -F {}", path_));
    EXPECT_EQ(read().kind, Kind::none);
}

TEST_F(PartitionTools, a_fat_filesystem_on_the_whole_disk_is_no_table) {
    if (!installed("mkfs.vfat")) GTEST_SKIP() << "mkfs.vfat is not installed";
    run(fmt::format("mkfs.vfat {}", path_));
    EXPECT_EQ(read().kind, Kind::none);
}

}  // namespace

}  // namespace quire::partition
