// SPDX-License-Identifier: MIT

#include "quire/volumes/ext/journal/writer.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "format.hpp"
#include "log_maker.hpp"
#include "quire/volumes/ext/journal/overlay.hpp"

namespace quire::ext::journal {
namespace {

class WriterOf : public ::testing::TestWithParam<Kind> {
protected:
    WriterOf() : log(GetParam()) { open(); }

    void open(Writer::Options options = {}) {
        options.wide_blocks = GetParam().incompatible & feature::wide_blocks;
        writer = Writer::open(log.map, log.superblock(), options).value();
    }

    Result<void> commit(const std::vector<LogMaker::Write>& writes,
                        const std::vector<std::uint64_t>& revokes = {}) {
        std::vector<BlockWrite> blocks;
        for (const auto& write : writes) blocks.push_back({write.block, write.bytes.data()});
        return writer->commit({blocks, revokes, Time{1000, 0}});
    }
    Overlay scan() { return Overlay::scan(log.map, log.superblock()).value(); }
    std::uint8_t found(std::uint64_t block) {
        const std::byte* bytes = writer->find(block);
        return bytes ? std::to_integer<std::uint8_t>(*bytes) : 0;
    }

    LogMaker log;
    std::unique_ptr<Writer> writer;
};

INSTANTIATE_TEST_SUITE_P(Kinds, WriterOf, ::testing::ValuesIn(every_kind()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(WriterOf, a_commit_is_in_the_log_and_not_in_place) {
    ASSERT_TRUE(commit({{10, log.content(1)}, {11, log.content(2)}}));
    const Overlay overlay = scan();
    EXPECT_EQ(overlay.entries().size(), 2u);
    EXPECT_FALSE(overlay.damage());
    EXPECT_EQ(log.read_through(overlay, 11), log.content(2));
    EXPECT_EQ(log.read_in_place(10), log.content(0));
    EXPECT_EQ(found(10), 1);
    EXPECT_EQ(found(12), 0);
}

TEST_P(WriterOf, opening_writes_nothing) {
    EXPECT_TRUE(log.superblock().clean());
    EXPECT_EQ(log.superblock().sequence(), 7u);
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(log.superblock().sequence(), 7u);
}

TEST_P(WriterOf, a_checkpoint_puts_blocks_in_place) {
    ASSERT_TRUE(commit({{10, log.content(1)}}));
    ASSERT_TRUE(commit({{10, log.content(2)}, {11, log.content(3)}}));
    ASSERT_TRUE(writer->checkpoint());
    EXPECT_EQ(log.read_in_place(10), log.content(2));
    EXPECT_EQ(log.read_in_place(11), log.content(3));
    EXPECT_EQ(writer->find(10), nullptr);
    EXPECT_FALSE(log.superblock().clean());
    EXPECT_TRUE(scan().empty());
}

TEST_P(WriterOf, closing_leaves_a_clean_journal_with_a_fresh_number) {
    ASSERT_TRUE(commit({{10, log.content(1)}}));
    ASSERT_TRUE(commit({{11, log.content(2)}}));
    ASSERT_TRUE(writer->close());
    EXPECT_TRUE(log.superblock().clean());
    EXPECT_EQ(log.superblock().sequence(), 10u);  // 8 and 9 were used
    EXPECT_EQ(log.read_in_place(11), log.content(2));
    EXPECT_FALSE(commit({{10, log.content(1)}}));
}

TEST_P(WriterOf, the_log_goes_around_many_times) {
    for (std::uint32_t round = 0; round < 300; ++round) {
        const auto value = static_cast<std::uint8_t>(round % 250 + 1);
        ASSERT_TRUE(commit({{10 + round % 7, log.content(value)}, {20, log.content(value)}}));
        const Overlay overlay = scan();
        ASSERT_FALSE(overlay.damage());
        ASSERT_EQ(log.read_through(overlay, 20), log.content(value)) << round;
        ASSERT_EQ(log.read_through(overlay, 10 + round % 7), log.content(value)) << round;
    }
}

TEST_P(WriterOf, blocks_that_look_like_the_log_are_escaped) {
    auto bytes = log.content(6);
    format::store(std::span(bytes), 0, format::magic);
    ASSERT_TRUE(commit({{10, bytes}}));
    EXPECT_EQ(log.read_through(scan(), 10), bytes);
    EXPECT_EQ(std::memcmp(writer->find(10), bytes.data(), bytes.size()), 0);
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(log.read_in_place(10), bytes);
}

TEST_P(WriterOf, a_freed_block_is_neither_replayed_nor_checkpointed) {
    ASSERT_TRUE(commit({{10, log.content(1)}, {11, log.content(2)}}));
    ASSERT_TRUE(commit({{11, log.content(3)}}, {10}));
    // The block is a file's now.
    ASSERT_TRUE(log.device.write(10 * log.kind.block_size, log.content(99)));
    EXPECT_EQ(writer->find(10), nullptr);
    EXPECT_EQ(log.read_through(scan(), 10), log.content(99));
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(log.read_in_place(10), log.content(99));
}

TEST_P(WriterOf, forgetting_is_revoking_in_the_next_commit) {
    ASSERT_TRUE(commit({{10, log.content(1)}}));
    writer->forget(10);
    EXPECT_EQ(log.read_through(scan(), 10), log.content(1));
    ASSERT_TRUE(commit({{11, log.content(1)}}));
    EXPECT_EQ(scan().entries().size(), 1u);
    ASSERT_TRUE(commit({{10, log.content(5)}}));
    EXPECT_EQ(log.read_through(scan(), 10), log.content(5));
}

TEST_P(WriterOf, a_block_freed_and_used_again_in_one_transaction_lives) {
    ASSERT_TRUE(commit({{10, log.content(1)}}));
    ASSERT_TRUE(commit({{10, log.content(2)}}, {10}));
    EXPECT_EQ(log.read_through(scan(), 10), log.content(2));
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(log.read_in_place(10), log.content(2));
}

TEST_P(WriterOf, what_the_log_does_not_hold_needs_no_revoke) {
    std::vector<std::uint64_t> freed;
    for (std::uint64_t block = 300; block < 500; ++block) freed.push_back(block);
    ASSERT_TRUE(commit({{10, log.content(1)}}, freed));
    ASSERT_EQ(scan().entries().size(), 1u);
    EXPECT_EQ(scan().entries()[0].journal_block, 2u);  // behind its descriptor block, no other
}

TEST_P(WriterOf, a_transaction_of_the_greatest_size_fits_again_and_again) {
    const std::size_t most = writer->max_transaction_blocks();
    EXPECT_GT(most, 50u);
    EXPECT_FALSE(writer->fits(most + 1, 0));
    for (std::uint8_t round = 1; round < 5; ++round) {
        std::vector<LogMaker::Write> writes;
        for (std::size_t i = 0; i < most; ++i) writes.push_back({300 + i, log.content(round)});
        ASSERT_TRUE(commit(writes));
        EXPECT_EQ(scan().entries().size(), most);
    }
    std::vector<LogMaker::Write> writes;
    for (std::size_t i = 0; i <= most; ++i) writes.push_back({300 + i, log.content(9)});
    EXPECT_EQ(commit(writes).error(), std::errc::no_buffer_space);
    EXPECT_EQ(log.read_through(scan(), 300), log.content(4));
    writes.pop_back();
    EXPECT_TRUE(commit(writes));
}

TEST_P(WriterOf, the_memory_budget_makes_checkpoints) {
    open({.memory_budget = 8 * log.kind.block_size});
    for (std::uint64_t i = 0; i < 8; ++i) ASSERT_TRUE(commit({{10 + i, log.content(1)}}));
    EXPECT_NE(writer->find(10), nullptr);
    ASSERT_TRUE(commit({{18, log.content(1)}}));
    EXPECT_EQ(writer->find(10), nullptr);
    EXPECT_EQ(log.read_in_place(10), log.content(1));
    EXPECT_NE(writer->find(18), nullptr);
}

TEST_P(WriterOf, blocks_that_cannot_be_journaled_are_refused) {
    for (const std::uint64_t block : {512ull, 100ull, 1ull << 40})
        EXPECT_EQ(commit({{block, log.content(1)}}).error(), std::errc::invalid_argument);
    EXPECT_TRUE(log.superblock().clean());
    EXPECT_TRUE(commit({{10, log.content(1)}}));
}

TEST_P(WriterOf, an_unclean_journal_is_refused) {
    ASSERT_TRUE(commit({{10, log.content(1)}}));
    EXPECT_EQ(Writer::open(log.map, log.superblock(), {}).error(),
              std::errc::device_or_resource_busy);
}

TEST_P(WriterOf, many_revokes_go_with_their_transaction) {
    std::vector<LogMaker::Write> writes;
    std::vector<std::uint64_t> blocks;
    for (std::uint64_t i = 0; i < 40; ++i) {
        writes.push_back({300 + i, log.content(1)});
        blocks.push_back(300 + i);
    }
    ASSERT_TRUE(commit(writes));
    ASSERT_TRUE(commit({}, blocks));
    EXPECT_TRUE(scan().empty());
    EXPECT_EQ(scan().end_transaction(), 10u);
}

TEST(WriterOptions, bring_the_features_of_the_filesystem) {
    Kind kind;
    kind.incompatible = 0;
    for (const bool version_2 : {true, false}) {
        kind.version_2 = version_2;
        LogMaker log(kind);
        auto writer =
            Writer::open(log.map, log.superblock(), {.wide_blocks = true, .checksums = true});
        ASSERT_TRUE(writer);
        const auto bytes = log.content(3);
        const BlockWrite write{10, bytes.data()};
        ASSERT_TRUE((*writer)->commit({{&write, 1}, {}, {}}));
        const auto superblock = log.superblock();
        EXPECT_EQ(superblock.checksums(), Checksums::v3);
        EXPECT_TRUE(superblock.has_incompatible(feature::wide_blocks | feature::revoke));
        EXPECT_EQ(Overlay::scan(log.map, superblock)->entries().size(), 1u);
    }
}

TEST(WriterOptions, keep_the_checksums_that_are_there) {
    Kind kind;
    kind.compatible = feature::compatible_checksum;
    LogMaker log(kind);
    auto writer = Writer::open(log.map, log.superblock(), {.checksums = true}).value();
    const auto bytes = log.content(3);
    const BlockWrite write{10, bytes.data()};
    ASSERT_TRUE(writer->commit({{&write, 1}, {}, {}}));
    EXPECT_EQ(log.superblock().checksums(), Checksums::v1);
}

TEST(WriterOptions, a_device_that_is_read_only_is_refused) {
    LogMaker log{Kind{}};
    block::MemoryDevice device(log.device.geometry().size, {.writable = false});
    const auto map = Map::open(device, 1024, 512, {{1, 64}}).value();
    EXPECT_EQ(Writer::open(map, log.superblock(), {}).error(), std::errc::read_only_file_system);
}

}  // namespace
}  // namespace quire::ext::journal
