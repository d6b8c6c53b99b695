// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "quire/base/units.hpp"
#include "quire/devices/partition/table.hpp"
#include "quire/testing/faulty_device.hpp"
#include "quire/testing/recording_device.hpp"
#include "table_maker.hpp"

namespace quire::partition {

namespace {

using block::MemoryDevice;
using block::Range;
using quire::testing::Bytes;
using quire::testing::FaultyDevice;
using quire::testing::Operation;
using quire::testing::pattern;
using quire::testing::read_bytes;
using quire::testing::RecordingDevice;

class Mbr : public ::testing::Test {
protected:
    static constexpr std::uint64_t sectors = 100000;

    void write(std::uint64_t sector, const Bytes& bytes) {
        ASSERT_TRUE(disk->write(sector * 512, bytes));
    }
    Table read() {
        auto table = read_partition_table(*disk);
        EXPECT_TRUE(table) << table.error().message();
        return table ? *std::move(table) : Table{};
    }
    std::vector<std::uint32_t> numbers(const Table& table) {
        std::vector<std::uint32_t> result;
        for (const Entry& entry : table.entries) result.push_back(entry.number);
        return result;
    }

    std::shared_ptr<MemoryDevice> disk =
        std::make_shared<MemoryDevice>(sectors * 512, MemoryDevice::Options{.name = "disk.img"});
};

using Numbers = std::vector<std::uint32_t>;

TEST_F(Mbr, a_disk_of_zeros_or_of_nothing_has_no_table) {
    EXPECT_EQ(read().kind, Kind::none);
    for (const std::uint64_t size : {0, 1, 511, 512, 1000}) {
        disk = std::make_shared<MemoryDevice>(size);
        const Table table = read();
        EXPECT_EQ(table.kind, Kind::none);
        EXPECT_TRUE(table.notes.empty());
    }
}

TEST_F(Mbr, random_bytes_are_no_table) {
    write(0, pattern(4096));
    EXPECT_EQ(read().kind, Kind::none);
}

TEST_F(Mbr, the_boot_sector_of_a_filesystem_is_no_table) {
    const std::pair<std::size_t, std::string_view> marks[] = {
        {3, "NTFS    "}, {3, "EXFAT   "}, {54, "FAT16   "}, {82, "FAT32   "}};
    for (const auto& [offset, text] : marks) {
        Bytes sector = make_record({{0x83, 2048, 100}});
        for (std::size_t index = 0; index < text.size(); ++index)
            sector[offset + index] = static_cast<std::byte>(text[index]);
        write(0, sector);
        EXPECT_EQ(read().kind, Kind::none) << text;
    }
}

TEST_F(Mbr, code_where_the_table_would_be_is_no_table) {
    write(0, make_record({{0x83, 2048, 100}, {0x83, 4096, 100, 0x12}}));
    EXPECT_EQ(read().kind, Kind::none);
}

TEST_F(Mbr, an_empty_table_is_a_table) {
    write(0, make_record({}, 0xdeadbeef));
    const Table table = read();
    EXPECT_EQ(table.kind, Kind::mbr);
    EXPECT_EQ(table.id, "deadbeef");
    EXPECT_TRUE(table.entries.empty());
}

TEST_F(Mbr, primary_partitions_have_the_numbers_of_their_slots) {
    write(0, make_record({{0x83, 2048, 1000, 0x80}, {}, {0x82, 4096, 2000}, {0xc, 8192, 1}},
                         0x00c0ffee));
    const Table table = read();
    EXPECT_EQ(numbers(table), (Numbers{1, 3, 4}));
    EXPECT_EQ(table.entries[0].range, (Range{2048 * 512, 1000 * 512}));
    EXPECT_EQ(table.entries[0].type, "0x83");
    EXPECT_EQ(table.entries[1].guid, "00c0ffee-03");
    EXPECT_EQ(describe_type(table.entries[1].type), "Linux swap");
    EXPECT_EQ(describe_type(table.entries[2].type), "FAT32");
    EXPECT_EQ(describe_type("0x99"), "");
}

TEST_F(Mbr, sectors_may_have_four_kilobytes) {
    write(0, make_record({{0x83, 256, 100}}));
    const auto table = read_partition_table(*disk, 4096);
    ASSERT_TRUE(table);
    EXPECT_EQ(table->entries[0].range, (Range{256 * 4096, 100 * 4096}));
}

TEST_F(Mbr, logical_partitions_count_from_five) {
    write(0, make_record({{0x83, 2048, 1000}, {0x05, 10000, 20000}}));
    write(10000, make_record({{0x83, 63, 500}, {0x05, 5000, 1000}}));
    write(15000, make_record({{0x82, 100, 600}, {0x05, 9000, 1000}}));
    write(19000, make_record({{0x83, 1, 999}}));
    const Table table = read();
    EXPECT_EQ(numbers(table), (Numbers{1, 2, 5, 6, 7}));
    EXPECT_EQ(table.entries[2].range, (Range{10063 * 512, 500 * 512}));
    EXPECT_EQ(table.entries[3].range, (Range{15100 * 512, 600 * 512}));
    EXPECT_EQ(table.entries[4].range, (Range{19001 * 512, 999 * 512}));
    EXPECT_EQ(table.entries[3].guid, "00000000-06");
    EXPECT_TRUE(table.entries[1].container);
    for (const Entry& entry : table.entries) EXPECT_EQ(entry.problem, "");
    EXPECT_TRUE(table.notes.empty());
}

TEST_F(Mbr, an_extended_partition_without_logical_ones_may_begin_with_a_link) {
    write(0, make_record({{0x0f, 10000, 20000}}));
    write(10000, make_record({{}, {0x05, 100, 1000}}));
    write(10100, make_record({{0x83, 8, 100}}));
    const Table table = read();
    EXPECT_EQ(numbers(table), (Numbers{1, 5}));
    EXPECT_EQ(table.entries[1].range, (Range{10108 * 512, 100 * 512}));
}

TEST_F(Mbr, the_last_two_slots_of_a_link_count_only_when_they_fit) {
    write(0, make_record({{0x05, 10000, 20000}}));
    write(10000,
          make_record({{0x83, 63, 500}, {}, {0x83, 1000, 500}, {0x83, 0xF0000000, 0xF0000000}}));
    EXPECT_EQ(numbers(read()), (Numbers{1, 5, 6}));
}

TEST_F(Mbr, a_chain_that_runs_in_a_circle_is_left) {
    write(0, make_record({{0x05, 10000, 20000}}));
    write(10000, make_record({{0x83, 63, 500}, {0x05, 5000, 1000}}));
    write(15000, make_record({{0x83, 63, 500}, {0x05, 0, 1000}}));
    const Table table = read();
    EXPECT_EQ(numbers(table), (Numbers{1, 5, 6}));
    ASSERT_EQ(table.notes.size(), 1U);
    EXPECT_EQ(table.notes[0], "the chain of logical partitions runs in a circle after partition 6");
}

TEST_F(Mbr, a_chain_that_leaves_the_disk_or_breaks_off_ends_there) {
    write(0, make_record({{0x05, 10000, 20000}, {0x0f, 0xFFFFFFFF, 0xFFFFFFFF}}));
    write(10000, make_record({{0x83, 63, 500}, {0x05, 7000, 1000}}));
    const Table table = read();
    EXPECT_EQ(numbers(table), (Numbers{1, 2, 5}));
    EXPECT_EQ(table.notes,
              (std::vector<std::string>{
                  "the chain of logical partitions breaks off after partition 5",
                  "the chain of logical partitions leaves the disk after partition 5"}));
    EXPECT_EQ(table.entries[1].problem, "lies outside the disk");
}

TEST_F(Mbr, an_endless_chain_is_left_where_the_kernel_leaves_it) {
    write(0, make_record({{0x05, 1000, 90000}}));
    for (std::uint32_t link = 0; link < 500; ++link)
        write(1000 + 100 * link, make_record({{0x83, 1, 50}, {0x05, 100 * (link + 1), 100}}));
    auto recording = RecordingDevice(disk);
    const auto table = read_partition_table(recording);
    ASSERT_TRUE(table);
    EXPECT_EQ(table->entries.size(), 101U);
    EXPECT_EQ(table->notes.size(), 1U);
    EXPECT_LE(recording.counts().reads, 110U);
}

TEST_F(Mbr, partitions_that_overlap_are_marked_both_and_neighbours_are_not) {
    write(0, make_record(
                 {{0x83, 1000, 1000}, {0x83, 2000, 1000}, {0x83, 2999, 10}, {0x83, 50000, 10}}));
    const Table table = read();
    EXPECT_EQ(table.entries[0].problem, "");
    EXPECT_EQ(table.entries[1].problem, "overlaps partition 3");
    EXPECT_EQ(table.entries[2].problem, "overlaps partition 2");
    EXPECT_EQ(table.entries[3].problem, "");
}

TEST_F(Mbr, of_partitions_inside_a_large_one_every_one_overlaps) {
    write(0, make_record({{0x83, 1000, 10000}, {0x83, 2000, 10}, {0x83, 3000, 10}}));
    for (const Entry& entry : read().entries) EXPECT_NE(entry.problem, "") << entry.number;
}

TEST_F(Mbr, a_partition_that_leaves_the_disk_is_marked) {
    write(0, make_record({{0x83, 99999, 2}, {0x83, 0xFFFFFFFF, 0xFFFFFFFF}, {0x83, 99998, 1}}));
    const Table table = read();
    EXPECT_EQ(table.entries[0].problem, "lies outside the disk");
    EXPECT_EQ(table.entries[1].problem, "lies outside the disk");
    EXPECT_EQ(table.entries[2].problem, "");
}

TEST_F(Mbr, a_partition_opens_as_a_device_of_its_own) {
    write(0, make_record({{0x83, 2048, 16}, {0x83, 3000, 16}}));
    const auto opened = open_partition(disk, read(), 2);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ((*opened)->geometry().size, 16U * 512);
    EXPECT_EQ((*opened)->describe(), "partition 2 of disk.img");
    ASSERT_TRUE((*opened)->write(5, pattern(100)));
    EXPECT_TRUE(read_bytes(*disk, 3000 * 512 + 5, 100) == pattern(100));
    const auto reading = open_partition(disk, read(), 2, true);
    EXPECT_EQ((*reading)->write(0, pattern(1)).error(), std::errc::read_only_file_system);
}

TEST_F(Mbr, a_partition_that_cannot_be_opened_is_refused_with_the_reason) {
    write(0, make_record({{0x83, 2048, 16}, {0x83, 2050, 16}, {0x05, 4000, 1000}}));
    const Table table = read();
    const auto sentence = [&](std::uint32_t number, std::errc error) {
        const auto opened = open_partition(disk, table, number);
        EXPECT_FALSE(opened);
        EXPECT_EQ(opened.error(), error);
        return opened.error().sentence();
    };
    EXPECT_EQ(sentence(1, std::errc::invalid_argument),
              "partition 1 of disk.img overlaps partition 2");
    EXPECT_EQ(sentence(3, std::errc::invalid_argument),
              "partition 3 of disk.img is an extended partition, it only holds others");
    EXPECT_EQ(sentence(9, std::errc::no_such_device), "disk.img has no partition 9, only 1, 2, 3");
    EXPECT_EQ(open_partition(disk, Table{}, 1).error().sentence(), "disk.img has no partitions");
}

TEST_F(Mbr, an_unreadable_disk_is_an_error_and_not_a_disk_without_a_table) {
    write(0, make_record({{0x05, 10000, 20000}}));
    FaultyDevice faulty(disk);
    faulty.fail_range(Operation::read, {10000 * 512, 512});
    EXPECT_EQ(read_partition_table(faulty).error(), std::errc::io_error);
    faulty.heal();
    faulty.fail_after(Operation::read, 0);
    EXPECT_EQ(read_partition_table(faulty).error(), std::errc::io_error);
}

}  // namespace

}  // namespace quire::partition
