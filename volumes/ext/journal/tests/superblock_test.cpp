// SPDX-License-Identifier: MIT

#include "quire/volumes/ext/journal/superblock.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <tuple>

#include "checksum.hpp"
#include "format.hpp"
#include "log_maker.hpp"

namespace quire::ext::journal {
namespace {

/// What parsing says of a superblock with one number changed, checksum made right again.
Result<Superblock> parse_with(const Kind& kind, std::size_t offset, std::uint32_t value) {
    LogMaker log{Kind{}};
    auto bytes = superblock_bytes(kind);
    format::store(std::span(bytes), offset, value);
    if (kind.incompatible & feature::checksum_v3 && offset != 0xFC) {
        format::store<std::uint32_t>(bytes, 0xFC, 0);
        format::store(std::span(bytes), 0xFC, crc32c(checksum_start, bytes));
    }
    return Superblock::parse(bytes, log.map);
}

TEST(JournalSuperblock, every_kind_is_read) {
    for (const Kind& kind : every_kind()) {
        LogMaker log(kind);
        const auto superblock = Superblock::read(log.map);
        ASSERT_TRUE(superblock) << kind.name << ": " << superblock.error().message();
        EXPECT_TRUE(superblock->clean());
        EXPECT_EQ(superblock->first(), 1u);
        EXPECT_EQ(superblock->end(), 64u);
        EXPECT_EQ(superblock->sequence(), 7u);
    }
}

TEST(JournalSuperblock, tags_have_the_size_of_their_features) {
    const std::vector<std::size_t> sizes = {8, 8, 10, 16, 12, 12, 14, 16, 16};
    const auto kinds = every_kind();
    for (std::size_t i = 0; i < kinds.size(); ++i)
        EXPECT_EQ(LogMaker(kinds[i]).superblock().tag_size(), sizes[i]) << kinds[i].name;
}

TEST(JournalSuperblock, version_1_has_no_features) {
    Kind kind;
    kind.version_2 = false;
    LogMaker log(kind);
    auto bytes = superblock_bytes(kind);
    format::store<std::uint32_t>(bytes, 0x28, 0xFFFFFFFF);
    const auto superblock = Superblock::parse(bytes, log.map);
    ASSERT_TRUE(superblock);
    EXPECT_FALSE(superblock->has_incompatible(feature::revoke));
    EXPECT_EQ(superblock->checksums(), Checksums::none);
}

TEST(JournalSuperblock, adding_a_feature_makes_version_1_version_2) {
    Kind kind;
    kind.version_2 = false;
    LogMaker log(kind);
    auto superblock = log.superblock();
    superblock.add_incompatible(feature::revoke);
    ASSERT_TRUE(superblock.write(log.map));
    EXPECT_TRUE(log.superblock().has_incompatible(feature::revoke));
    EXPECT_EQ(log.superblock().end(), 64u);
}

TEST(JournalSuperblock, a_written_superblock_reads_back) {
    for (const Kind& kind : every_kind()) {
        LogMaker log(kind);
        auto superblock = log.superblock();
        superblock.set_log(9, 1234);
        ASSERT_TRUE(superblock.write(log.map));
        EXPECT_EQ(log.superblock().start(), 9u);
        EXPECT_EQ(log.superblock().sequence(), 1234u);
    }
}

TEST(JournalSuperblock, impossible_numbers_are_refused) {
    const Kind kind = every_kind()[3];
    const std::vector<std::tuple<std::string, std::size_t, std::uint32_t>> cases = {
        {"magic", 0x00, 0xC03B3999},     {"type", 0x04, 2},         {"block size", 0x0C, 2048},
        {"too long", 0x10, 65},          {"empty", 0x10, 0},        {"first 0", 0x14, 0},
        {"first past end", 0x14, 64},    {"start before", 0x14, 2}, {"start at end", 0x1C, 64},
        {"start far", 0x1C, 4000000000}, {"checksum", 0xFC, 12345}, {"two sums", 0x24, 1},
    };
    for (const auto& [name, offset, value] : cases) {
        Kind live = kind;
        live.start = 1;
        EXPECT_EQ(parse_with(live, offset, value).error(), std::errc::bad_message) << name;
    }
}

TEST(JournalSuperblock, what_is_not_supported_is_named) {
    const auto refusal = [](std::size_t offset, std::uint32_t value) {
        const auto result = parse_with(Kind{}, offset, value);
        EXPECT_EQ(result.error(), std::errc::operation_not_supported);
        return result.error().sentence();
    };
    EXPECT_NE(refusal(0x28, 0x101).find("0x100"), std::string::npos);
    EXPECT_NE(refusal(0x2C, 0x4).find("0x4"), std::string::npos);
    EXPECT_NE(refusal(0x40, 2).find("external"), std::string::npos);
}

TEST(JournalSuperblock, fast_commits_take_the_end_of_the_log) {
    Kind kind;
    kind.incompatible = feature::revoke | feature::fast_commit;
    EXPECT_EQ(parse_with(kind, 0x54, 20)->end(), 44u);
    EXPECT_EQ(parse_with(kind, 0x54, 64).error(), std::errc::bad_message);
    // No number stands for 256.
    EXPECT_EQ(parse_with(kind, 0x54, 0).error(), std::errc::bad_message);
}

TEST(JournalSuperblock, a_short_block_is_refused) {
    LogMaker log{Kind{}};
    auto bytes = superblock_bytes(Kind{});
    bytes.resize(1000);
    EXPECT_EQ(Superblock::parse(bytes, log.map).error(), std::errc::bad_message);
}

}  // namespace
}  // namespace quire::ext::journal
