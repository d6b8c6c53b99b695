// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

#include "format.hpp"
#include "log_maker.hpp"
#include "quire/volumes/ext/journal/overlay.hpp"

namespace quire::ext::journal {
namespace {

class Replay : public ::testing::TestWithParam<Kind> {
protected:
    Replay() : log(GetParam()) { log.make_live(); }

    Overlay scan() { return Overlay::scan(log.map, log.superblock()).value(); }
    /// Two transactions: blocks 10 and 11, then 11 and 12.
    void two_transactions() {
        log.transaction(7, {{10, log.content(1)}, {11, log.content(2)}});
        log.transaction(8, {{11, log.content(3)}, {12, log.content(4)}});
    }

    LogMaker log;
};

class ReplayOfCommitChecksums : public Replay {};
class ReplayOfDataChecksums : public Replay {};
class ReplayOfVersion1Checksums : public Replay {};
class ReplayWithoutDataChecksums : public Replay {};

std::vector<Kind> kinds_with(std::initializer_list<Checksums> wanted) {
    auto kinds = every_kind();
    std::erase_if(kinds, [&](const Kind& kind) {
        return std::ranges::find(wanted, LogMaker(kind).superblock().checksums()) == wanted.end();
    });
    return kinds;
}

std::string name_of(const ::testing::TestParamInfo<Kind>& kind) {
    return kind.param.name;
}

using enum Checksums;
INSTANTIATE_TEST_SUITE_P(Kinds, Replay, ::testing::ValuesIn(every_kind()), name_of);
INSTANTIATE_TEST_SUITE_P(Kinds, ReplayOfCommitChecksums,
                         ::testing::ValuesIn(kinds_with({v1, v2, v3})), name_of);
INSTANTIATE_TEST_SUITE_P(Kinds, ReplayOfDataChecksums, ::testing::ValuesIn(kinds_with({v2, v3})),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Kinds, ReplayOfVersion1Checksums, ::testing::ValuesIn(kinds_with({v1})),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Kinds, ReplayWithoutDataChecksums,
                         ::testing::ValuesIn(kinds_with({none, v1})), name_of);

TEST_P(Replay, the_newest_copy_of_each_block_wins) {
    two_transactions();
    const Overlay overlay = scan();
    EXPECT_FALSE(overlay.damage());
    EXPECT_FALSE(overlay.torn());
    EXPECT_EQ(overlay.end_transaction(), 9u);
    ASSERT_EQ(overlay.entries().size(), 3u);
    EXPECT_EQ(log.read_through(overlay, 10), log.content(1));
    EXPECT_EQ(log.read_through(overlay, 11), log.content(3));
    EXPECT_EQ(log.read_through(overlay, 12), log.content(4));
    EXPECT_EQ(log.read_through(overlay, 13), log.content(0));
    EXPECT_EQ(overlay.next(0)->block, 10u);
    EXPECT_EQ(overlay.next(12)->block, 12u);
    EXPECT_EQ(overlay.next(13), nullptr);
}

TEST_P(Replay, scanning_writes_nothing) {
    two_transactions();
    std::vector<std::byte> before(log.device.geometry().size), after(before.size());
    ASSERT_TRUE(log.device.read(0, before));
    scan();
    ASSERT_TRUE(log.device.read(0, after));
    EXPECT_EQ(before, after);
}

TEST_P(Replay, recovery_puts_blocks_in_place_and_empties_the_log) {
    two_transactions();
    auto superblock = log.superblock();
    ASSERT_TRUE(recover(log.map, superblock, scan()));
    EXPECT_EQ(log.read_in_place(10), log.content(1));
    EXPECT_EQ(log.read_in_place(11), log.content(3));
    EXPECT_EQ(log.read_in_place(12), log.content(4));
    EXPECT_TRUE(log.superblock().clean());
    EXPECT_EQ(log.superblock().sequence(), 10u);
    EXPECT_TRUE(scan().empty());
}

TEST_P(Replay, an_uncommitted_transaction_is_left_out) {
    log.transaction(7, {{10, log.content(1)}});
    log.transaction(8, {{10, log.content(2)}}, {11}, false);
    const Overlay overlay = scan();
    EXPECT_FALSE(overlay.damage());
    EXPECT_TRUE(overlay.torn());
    EXPECT_EQ(overlay.end_transaction(), 8u);
    EXPECT_EQ(log.read_through(overlay, 10), log.content(1));
}

TEST_P(Replay, a_leftover_of_an_older_round_ends_the_log) {
    two_transactions();
    log.transaction(4, {{10, log.content(9)}});
    const Overlay overlay = scan();
    EXPECT_FALSE(overlay.damage());
    EXPECT_EQ(overlay.end_transaction(), 9u);
    EXPECT_EQ(log.read_through(overlay, 10), log.content(1));
}

TEST_P(Replay, a_revoked_block_is_not_replayed) {
    log.transaction(7, {{10, log.content(1)}, {11, log.content(2)}});
    log.transaction(8, {{12, log.content(3)}}, {10});
    const Overlay overlay = scan();
    EXPECT_EQ(overlay.entries().size(), 2u);
    EXPECT_EQ(log.read_through(overlay, 10), log.content(0));
}

TEST_P(Replay, a_revoke_does_not_reach_later_transactions) {
    log.transaction(7, {{10, log.content(1)}});
    log.transaction(8, {}, {10});
    log.transaction(9, {{10, log.content(3)}});
    EXPECT_EQ(log.read_through(scan(), 10), log.content(3));
}

TEST_P(Replay, a_revoke_reaches_its_own_transaction) {
    log.transaction(7, {{10, log.content(1)}}, {10});
    EXPECT_TRUE(scan().empty());
}

TEST_P(Replay, an_uncommitted_revoke_does_not_count) {
    log.transaction(7, {{10, log.content(1)}});
    log.transaction(8, {{11, log.content(2)}}, {10}, false);
    EXPECT_EQ(log.read_through(scan(), 10), log.content(1));
}

TEST_P(Replay, escaped_blocks_get_their_first_word_back) {
    auto bytes = log.content(5);
    format::store(std::span(bytes), 0, format::magic);
    log.transaction(7, {{10, bytes}, {11, log.content(1)}});
    const Overlay overlay = scan();
    EXPECT_TRUE(overlay.next(10)->escaped);
    EXPECT_EQ(log.read_through(overlay, 10), bytes);
    auto superblock = log.superblock();
    ASSERT_TRUE(recover(log.map, superblock, overlay));
    EXPECT_EQ(log.read_in_place(10), bytes);
}

TEST_P(Replay, a_log_may_wrap_around) {
    log.make_live(60);
    log.move_to(60);
    two_transactions();
    EXPECT_LT(log.position(), 60u);
    const Overlay overlay = scan();
    EXPECT_EQ(overlay.end_transaction(), 9u);
    EXPECT_EQ(log.read_through(overlay, 11), log.content(3));
    EXPECT_EQ(log.read_through(overlay, 12), log.content(4));
}

TEST_P(Replay, transaction_numbers_may_wrap_around) {
    auto superblock = log.superblock();
    superblock.set_log(1, 0xFFFFFFFF);
    ASSERT_TRUE(superblock.write(log.map));
    log.transaction(0xFFFFFFFF, {{10, log.content(1)}, {11, log.content(2)}});
    log.transaction(0, {{11, log.content(3)}}, {10});
    const Overlay overlay = scan();
    EXPECT_EQ(overlay.end_transaction(), 1u);
    EXPECT_EQ(overlay.entries().size(), 1u);
    EXPECT_EQ(log.read_through(overlay, 11), log.content(3));
}

TEST_P(ReplayOfCommitChecksums, a_torn_commit_block_at_the_end_is_a_torn_transaction) {
    two_transactions();
    log.damage(log.position() - 1, format::commit_checksum_offset);
    const Overlay overlay = scan();
    EXPECT_FALSE(overlay.damage());
    EXPECT_TRUE(overlay.torn());
    EXPECT_EQ(overlay.end_transaction(), 8u);
    EXPECT_EQ(log.read_through(overlay, 11), log.content(2));
}

TEST_P(ReplayOfCommitChecksums, a_wrong_commit_block_before_others_is_damage) {
    log.transaction(7, {{10, log.content(1)}});
    log.damage(log.position() - 1, format::commit_checksum_offset);
    log.transaction(8, {{10, log.content(2)}});
    const Overlay overlay = scan();
    ASSERT_TRUE(overlay.damage());
    EXPECT_EQ(overlay.damage()->transaction, 7u);
    EXPECT_TRUE(overlay.empty());
    auto superblock = log.superblock();
    EXPECT_EQ(recover(log.map, superblock, overlay).error(), std::errc::bad_message);
    EXPECT_FALSE(log.superblock().clean());
}

TEST_P(ReplayOfDataChecksums, a_changed_data_block_is_damage_and_is_left_out) {
    two_transactions();
    log.damage(2, 100);  // block 10's copy: the descriptor block is 1
    const Overlay overlay = scan();
    ASSERT_TRUE(overlay.damage());
    EXPECT_EQ(overlay.damage()->transaction, 7u);
    EXPECT_NE(overlay.damage()->sentence.find("block 10"), std::string::npos);
    EXPECT_EQ(log.read_through(overlay, 10), log.content(0));
    EXPECT_EQ(log.read_through(overlay, 11), log.content(3));
}

TEST_P(ReplayOfVersion1Checksums, a_changed_data_block_fails_version_1s_commit) {
    two_transactions();
    log.damage(5 + 1, 100);  // in the second transaction
    EXPECT_EQ(scan().end_transaction(), 8u);
}

TEST_P(ReplayOfDataChecksums, a_changed_descriptor_block_is_damage) {
    two_transactions();
    log.damage(5, 500);  // in the part behind the tags, so that the log's shape stays
    const Overlay overlay = scan();
    ASSERT_TRUE(overlay.damage());
    EXPECT_EQ(overlay.damage()->transaction, 8u);
    EXPECT_EQ(log.read_through(overlay, 11), log.content(2));
}

TEST_P(ReplayOfDataChecksums, a_changed_leftover_with_an_older_commit_is_no_damage) {
    two_transactions();
    const std::uint32_t leftover = log.position();
    log.transaction(9, {{10, log.content(9)}}, {}, true, 999);
    log.damage(leftover, 500);
    const Overlay overlay = scan();
    EXPECT_FALSE(overlay.damage());
    EXPECT_EQ(overlay.end_transaction(), 9u);
    EXPECT_EQ(log.read_through(overlay, 10), log.content(1));
}

TEST_P(Replay, a_block_outside_the_filesystem_is_damage) {
    log.transaction(7, {{10, log.content(1)}, {512, log.content(2)}});
    const Overlay overlay = scan();
    ASSERT_TRUE(overlay.damage());
    EXPECT_NE(overlay.damage()->sentence.find("512"), std::string::npos);
    EXPECT_EQ(overlay.entries().size(), 1u);
}

TEST_P(Replay, a_block_of_the_journal_itself_is_damage) {
    log.transaction(7, {{100, log.content(1)}});
    const Overlay overlay = scan();
    ASSERT_TRUE(overlay.damage());
    EXPECT_TRUE(overlay.empty());
}

TEST_P(Replay, tags_without_an_end_stay_inside_the_log) {
    two_transactions();
    // A descriptor block with the transaction's number and nothing but ones behind it.
    std::vector<std::byte> block(log.kind.block_size, std::byte{0x01});
    format::store(std::span(block), 0, format::magic);
    format::store<std::uint32_t>(block, 4, 1);
    format::store<std::uint32_t>(block, 8, 9);
    const std::uint64_t at = log.map.device_block(log.position()) * log.kind.block_size;
    ASSERT_TRUE(log.device.write(at, block));
    EXPECT_EQ(scan().end_transaction(), 9u);
}

TEST_P(Replay, a_log_of_revoke_blocks_ends) {
    std::vector<std::byte> block(log.kind.block_size);
    format::store(std::span(block), 0, format::magic);
    format::store<std::uint32_t>(block, 4, 5);
    format::store<std::uint32_t>(block, 8, 7);
    for (std::uint32_t i = 1; i < 64; ++i)
        ASSERT_TRUE(log.device.write(log.map.device_block(i) * log.kind.block_size, block));
    const Overlay overlay = scan();
    EXPECT_EQ(overlay.end_transaction(), 7u);
    EXPECT_TRUE(overlay.torn());
}

TEST_P(ReplayWithoutDataChecksums, an_impossible_revoke_count_is_damage) {
    const std::uint32_t revoke_block = log.position();
    log.transaction(7, {{10, log.content(1)}}, {11});
    // Version 1 sums descriptors and data only.
    log.damage(revoke_block, format::revoke_count_offset);
    ASSERT_TRUE(scan().damage());
}

TEST_P(Replay, many_revokes_take_several_blocks) {
    log.transaction(7, {{10, log.content(1)}, {11, log.content(2)}});
    std::vector<std::uint64_t> revokes = {10};
    for (std::uint64_t i = 0; i < 600; ++i) revokes.push_back(100000 + i);
    revokes.push_back(11);
    log.transaction(8, {}, revokes);
    const Overlay overlay = scan();
    EXPECT_FALSE(overlay.damage());
    EXPECT_EQ(overlay.end_transaction(), 9u);
    EXPECT_TRUE(overlay.empty());
}

TEST(ReplayOfFastCommits, are_refused_by_name_only_where_they_are) {
    Kind kind;
    kind.incompatible = feature::revoke | feature::fast_commit;
    // 256 blocks are reserved for fast commits where the superblock says nothing.
    kind.filesystem_blocks = 1024;
    kind.extents = {{100, 300}};
    LogMaker log(kind);
    EXPECT_TRUE(Overlay::scan(log.map, log.superblock())->empty());
    log.make_live();
    log.transaction(7, {{10, log.content(1)}});
    EXPECT_EQ(Overlay::scan(log.map, log.superblock())->entries().size(), 1u);

    const auto put_head = [&log](std::uint8_t transaction) {
        std::vector<std::byte> head(1024);
        head[0] = std::byte{9};
        head[2] = std::byte{8};
        head[8] = std::byte{transaction};
        ASSERT_TRUE(log.device.write(log.map.device_block(45) * 1024, head));
    };
    put_head(5);
    EXPECT_TRUE(Overlay::scan(log.map, log.superblock()));
    put_head(8);
    const auto refused = Overlay::scan(log.map, log.superblock());
    EXPECT_EQ(refused.error(), std::errc::operation_not_supported);
    EXPECT_NE(refused.error().sentence().find("fast commits"), std::string::npos);
}

TEST(ReplayOfAnAsyncLog, needs_the_next_commit_to_call_it_damage) {
    Kind kind;
    kind.incompatible = feature::revoke | feature::async_commit | feature::checksum_v3;
    LogMaker log(kind);
    log.make_live();
    log.transaction(7, {{10, log.content(1)}});
    log.damage(log.position() - 1, format::commit_checksum_offset);
    log.transaction(8, {{10, log.content(2)}}, {}, false);
    EXPECT_FALSE(Overlay::scan(log.map, log.superblock())->damage());
    log.move_to(log.position() - 2);
    log.transaction(8, {{10, log.content(2)}});
    EXPECT_TRUE(Overlay::scan(log.map, log.superblock())->damage());
}

}  // namespace
}  // namespace quire::ext::journal
