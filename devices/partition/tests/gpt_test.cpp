// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

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
using quire::testing::RecordingDevice;

Table read(block::Device& device) {
    auto table = read_partition_table(device);
    EXPECT_TRUE(table) << table.error().message();
    return table ? *std::move(table) : Table{};
}

const MadeGpt plain{.entries = {{40, 99, u"root"}, {}, {100, 100, u"one sector"}}};

TEST(Gpt, entries_have_the_numbers_of_their_places_and_all_their_facts) {
    MadeGpt made = plain;
    made.entries[1].type = 0;
    const Table table = read(*made.disk());
    EXPECT_EQ(table.kind, Kind::gpt);
    EXPECT_EQ(table.sector_size, 512U);
    EXPECT_EQ(table.id, "04030201-0605-0807-090A-0B0C0D0E0F10");
    EXPECT_TRUE(table.notes.empty());
    ASSERT_EQ(table.entries.size(), 2U);
    EXPECT_EQ(table.entries[0].number, 1U);
    EXPECT_EQ(table.entries[0].range, (Range{40 * 512, 60 * 512}));
    EXPECT_EQ(table.entries[0].name, "root");
    EXPECT_EQ(table.entries[0].type, "00000001-0000-0000-0000-000000000000");
    EXPECT_EQ(table.entries[0].guid, "00001000-0000-0000-0000-000000000000");
    EXPECT_EQ(table.entries[1].number, 3U);
    EXPECT_EQ(table.entries[1].range, (Range{100 * 512, 512}));
    for (const Entry& entry : table.entries) EXPECT_EQ(entry.problem, "");
}

TEST(Gpt, sectors_of_four_kilobytes_are_found_out) {
    const MadeGpt made{.sectors = 512, .sector_size = 4096, .entries = {{6, 9, u"x"}}};
    const auto disk = made.disk();
    const Table table = read(*disk);
    EXPECT_EQ(table.sector_size, 4096U);
    ASSERT_EQ(table.entries.size(), 1U);
    EXPECT_EQ(table.entries[0].range, (Range{6 * 4096, 4 * 4096}));
    EXPECT_TRUE(table.notes.empty());
    EXPECT_TRUE(read_partition_table(*disk, 4096));
    EXPECT_EQ(read_partition_table(*disk, 512).error(), std::errc::bad_message);
}

TEST(Gpt, other_sizes_of_header_and_entries_are_read) {
    const MadeGpt made{
        .header_length = 128, .entry_size = 512, .entry_count = 7, .entries = {{}, {50, 60, u"x"}}};
    MadeGpt first_unused = made;
    first_unused.entries[0].type = 0;
    const Table table = read(*first_unused.disk());
    ASSERT_EQ(table.entries.size(), 1U);
    EXPECT_EQ(table.entries[0].number, 2U);
    EXPECT_EQ(table.entries[0].range, (Range{50 * 512, 11 * 512}));
    EXPECT_TRUE(read(*MadeGpt{.entry_count = 0}.disk()).entries.empty());
}

TEST(Gpt, names_become_utf_8) {
    const std::u16string lone{u'a', 0xD800, u'b'};
    const MadeGpt made{.entries = {{40, 40, u"Grüße"},
                                   {41, 41, u"\U0001F600"},
                                   {42, 42, lone},
                                   {43, 43, std::u16string(36, u'z')},
                                   {44, 44, std::u16string(35, u'z') + char16_t{0xD800}},
                                   {45, 45, u""}}};
    const Table table = read(*made.disk());
    ASSERT_EQ(table.entries.size(), 6U);
    EXPECT_EQ(table.entries[0].name, "Gr\u00fc\u00dfe");
    EXPECT_EQ(table.entries[1].name, "\U0001F600");
    EXPECT_EQ(table.entries[2].name, "a\uFFFDb");
    EXPECT_EQ(table.entries[3].name, std::string(36, 'z'));
    EXPECT_EQ(table.entries[4].name, std::string(35, 'z') + "\uFFFD");
    EXPECT_EQ(table.entries[5].name, "");
}

TEST(Gpt, partitions_that_cannot_be_are_marked_one_by_one) {
    const std::uint64_t last = plain.last_usable();
    const MadeGpt made{.entries = {{100, 99},
                                   {~std::uint64_t{0} - 1, ~std::uint64_t{0}},
                                   {0, ~std::uint64_t{0}},
                                   {40, ~std::uint64_t{0} / 256},
                                   {2, 39},
                                   {200, 300},
                                   {300, 400},
                                   {last, last + 1},
                                   {500, 600}}};
    const Table table = read(*made.disk());
    ASSERT_EQ(table.entries.size(), 9U);
    const auto problem = [&](std::size_t number) { return table.entries[number - 1].problem; };
    for (const std::size_t number : {1, 2, 3, 4})
        EXPECT_EQ(problem(number), "ends before it begins or beyond any disk") << number;
    EXPECT_EQ(problem(5), "leaves the usable part of the disk");
    EXPECT_EQ(problem(6), "overlaps partition 7");
    EXPECT_EQ(problem(7), "overlaps partition 6");
    EXPECT_EQ(problem(8), "leaves the usable part of the disk");
    EXPECT_EQ(problem(9), "");
}

/// One way to spoil a header, with the words that must explain it.
struct Damage {
    std::string name;
    std::function<void(Bytes& header)> spoil;
    std::string why;
};
std::ostream& operator<<(std::ostream& out, const Damage& damage) {
    return out << damage.name;
}

template <typename Number>
std::function<void(Bytes&)> sealed(std::size_t offset, Number value) {
    return [=](Bytes& header) {
        put(header, offset, value);
        seal_header(header);
    };
}

class DamagedGpt : public ::testing::TestWithParam<Damage> {
protected:
    void spoil(MemoryDevice& disk, std::uint64_t sector) {
        Bytes header = plain.header(sector);
        GetParam().spoil(header);
        ASSERT_TRUE(disk.write(sector * 512, header));
    }
};

TEST_P(DamagedGpt, the_backup_serves_and_a_note_says_why) {
    const auto disk = plain.disk();
    spoil(*disk, 1);
    const Table table = read(*disk);
    EXPECT_EQ(table.entries.size(), 3U);
    ASSERT_EQ(table.notes.size(), 1U);
    EXPECT_EQ(table.notes[0], "the GPT is damaged, its backup was used: " + GetParam().why);
}

TEST_P(DamagedGpt, a_damaged_backup_is_noted) {
    const auto disk = plain.disk();
    spoil(*disk, plain.sectors - 1);
    const Table table = read(*disk);
    EXPECT_EQ(table.entries.size(), 3U);
    ASSERT_EQ(table.notes.size(), 1U);
    EXPECT_EQ(table.notes[0], "the backup of the GPT is damaged: " + GetParam().why);
}

TEST_P(DamagedGpt, without_primary_and_backup_the_table_is_damaged_and_not_absent) {
    const auto disk = plain.disk();
    spoil(*disk, 1);
    spoil(*disk, plain.sectors - 1);
    const auto table = read_partition_table(*disk);
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error(), std::errc::bad_message);
    EXPECT_EQ(table.error().sentence(),
              "the GPT of memory and its backup are damaged: " + GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(
    Gpt, DamagedGpt,
    ::testing::Values(
        Damage{"signature", [](Bytes& header) { header[0] = std::byte{'e'}; },
               "its signature is missing"},
        Damage{"all_zeros", [](Bytes& header) { header.assign(512, std::byte{}); },
               "its signature is missing"},
        Damage{"one_bit", [](Bytes& header) { header[60] ^= std::byte{1}; },
               "its checksum is wrong"},
        Damage{"short_length", sealed(12, std::uint32_t{91}), "its length is impossible"},
        Damage{"long_length", [](Bytes& header) { put(header, 12, std::uint32_t{513}); },
               "its length is impossible"},
        Damage{"elsewhere", sealed(24, std::uint64_t{7}), "it belongs elsewhere"},
        Damage{"usable_range", sealed(48, std::uint64_t{5}), "its usable range is impossible"},
        Damage{"small_entries", sealed(84, std::uint32_t{64}),
               "its entries have an impossible size"},
        Damage{"crooked_entries", sealed(84, std::uint32_t{384}),
               "its entries have an impossible size"},
        Damage{"no_entry_size", sealed(84, std::uint32_t{0}),
               "its entries have an impossible size"},
        Damage{"huge_entries", sealed(84, std::uint32_t{0x80000000}),
               "its entries have an impossible size"},
        Damage{"many_entries", sealed(80, std::uint32_t{0xFFFFFFFF}), "it has too many entries"},
        Damage{"entries_outside", sealed(72, std::uint64_t{1} << 60),
               "its entries lie outside the disk"},
        Damage{"entries_far_outside", sealed(72, ~std::uint64_t{0}),
               "its entries lie outside the disk"},
        Damage{"entries_elsewhere", sealed(72, std::uint64_t{20}),
               "the checksum of its entries is wrong"}),
    [](const auto& damage) { return damage.param.name; });

TEST(Gpt, damaged_entries_are_taken_from_the_backup) {
    const auto disk = plain.disk();
    ASSERT_TRUE(disk->write(2 * 512 + 33, Bytes(1, std::byte{9})));
    const Table table = read(*disk);
    ASSERT_EQ(table.entries.size(), 3U);
    EXPECT_EQ(table.entries[0].range, (Range{40 * 512, 60 * 512}));
    EXPECT_EQ(table.notes.size(), 1U);
}

TEST(Gpt, a_grown_image_finds_its_backup_where_the_protective_mbr_ends) {
    const auto disk = plain.disk();
    ASSERT_TRUE(disk->resize(4 * MiB));
    ASSERT_TRUE(disk->zero({512, 512}));
    EXPECT_EQ(read(*disk).entries.size(), 3U);
}

TEST(Gpt, a_backup_that_differs_is_noted) {
    const auto disk = plain.disk();
    MadeGpt other = plain;
    other.entries[0].last = 98;
    ASSERT_TRUE(disk->write((plain.sectors - 1 - plain.entry_sectors()) * 512, other.array()));
    ASSERT_TRUE(disk->write((plain.sectors - 1) * 512, other.header(plain.sectors - 1)));
    const Table table = read(*disk);
    EXPECT_EQ(table.entries[0].range, (Range{40 * 512, 60 * 512}));
    EXPECT_EQ(table.notes,
              std::vector<std::string>{"the backup of the GPT differs from the table in use"});
}

TEST(Gpt, without_a_protective_mbr_it_is_ignored_with_a_note) {
    const auto disk = plain.disk();
    ASSERT_TRUE(disk->zero({0, 512}));
    const Table none = read(*disk);
    EXPECT_EQ(none.kind, Kind::none);
    EXPECT_EQ(none.notes.size(), 1U);
    ASSERT_TRUE(disk->write(0, make_record({{0x83, 100, 100}})));
    EXPECT_EQ(read(*disk).kind, Kind::mbr) << "an MBR made over a GPT counts";
}

TEST(Gpt, of_a_hybrid_table_the_gpt_counts) {
    const auto disk = plain.disk();
    ASSERT_TRUE(disk->write(0, make_record({{0x83, 40, 60}, {0xEE, 1, 39}})));
    EXPECT_EQ(read(*disk).kind, Kind::gpt);
}

TEST(Gpt, hostile_tables_cost_little) {
    for (const std::uint32_t count : {32768U, 32769U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
        const auto disk = plain.disk();
        ASSERT_TRUE(disk->resize(64 * MiB));
        Bytes header = plain.header(1);
        put(header, 80, count);
        seal_header(header);
        ASSERT_TRUE(disk->write(512, header));
        RecordingDevice recording(disk, {.log = false});
        EXPECT_TRUE(read_partition_table(recording)) << "the backup serves";
        EXPECT_LE(recording.counts().bytes_read, 5 * MiB);
        EXPECT_LE(recording.counts().reads, 20U);
    }
}

TEST(Gpt, an_unreadable_place_is_an_error_and_not_damage) {
    const auto disk = plain.disk();
    FaultyDevice faulty(disk);
    for (const std::uint64_t sector : {std::uint64_t{1}, std::uint64_t{2}, plain.sectors - 1}) {
        faulty.heal();
        faulty.fail_range(Operation::read, {sector * 512, 512});
        EXPECT_EQ(read_partition_table(faulty).error(), std::errc::io_error) << sector;
    }
}

}  // namespace

}  // namespace quire::partition
