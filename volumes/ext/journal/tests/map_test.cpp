// SPDX-License-Identifier: MIT

#include "quire/volumes/ext/journal/map.hpp"

#include <gtest/gtest.h>

#include "quire/block/memory_device.hpp"

namespace quire::ext::journal {
namespace {

constexpr std::uint64_t blocks = 256;

Result<Map> open(block::Device& device, std::vector<Extent> extents,
                 std::uint32_t block_size = 1024) {
    return Map::open(device, block_size, blocks, std::move(extents));
}

TEST(JournalMap, follows_extents_in_their_order) {
    block::MemoryDevice device(blocks * 1024);
    const auto map = open(device, {{100, 3}, {20, 2}, {200, 1}}).value();
    EXPECT_EQ(map.size(), 6u);
    const std::vector<std::uint64_t> expected = {100, 101, 102, 20, 21, 200};
    for (std::uint32_t i = 0; i < 6; ++i) EXPECT_EQ(map.device_block(i), expected[i]);
}

TEST(JournalMap, knows_which_blocks_are_its_own) {
    block::MemoryDevice device(blocks * 1024);
    const auto map = open(device, {{100, 3}, {20, 2}}).value();
    for (std::uint64_t block = 0; block < blocks; ++block)
        EXPECT_EQ(map.owns(block), (block >= 100 && block < 103) || block == 20 || block == 21);
}

TEST(JournalMap, reads_across_extents) {
    block::MemoryDevice device(blocks * 1024);
    const auto map = open(device, {{100, 2}, {20, 2}}).value();
    for (std::uint32_t i = 0; i < 4; ++i) {
        const std::vector<std::byte> bytes(1024, static_cast<std::byte>(i + 1));
        ASSERT_TRUE(device.write(map.device_block(i) * 1024, bytes));
    }
    std::vector<std::byte> memory(3 * 1024);
    ASSERT_TRUE(map.read(1, memory));
    EXPECT_EQ(memory[0], std::byte{2});
    EXPECT_EQ(memory[1024], std::byte{3});
    EXPECT_EQ(memory[2048], std::byte{4});
    EXPECT_EQ(map.read(2, memory).error(), std::errc::result_out_of_range);
}

TEST(JournalMap, refuses_extents_that_cannot_be) {
    block::MemoryDevice device(blocks * 1024);
    EXPECT_EQ(open(device, {}).error(), std::errc::bad_message);
    EXPECT_EQ(open(device, {{10, 0}}).error(), std::errc::bad_message);
    EXPECT_EQ(open(device, {{0, 4}}).error(), std::errc::bad_message);
    EXPECT_EQ(open(device, {{250, 7}}).error(), std::errc::bad_message);
    EXPECT_EQ(open(device, {{~std::uint64_t{0}, 2}}).error(), std::errc::bad_message);
    EXPECT_EQ(open(device, {{10, 4}, {13, 2}}).error(), std::errc::bad_message);
    EXPECT_EQ(open(device, {{10, 4}, {5, 6}}).error(), std::errc::bad_message);
    EXPECT_TRUE(open(device, {{10, 4}, {14, 2}, {8, 2}}));
}

TEST(JournalMap, refuses_a_journal_beyond_the_end_of_a_truncated_device) {
    block::MemoryDevice device(blocks * 1024 / 2);
    EXPECT_EQ(open(device, {{126, 4}}).error(), std::errc::bad_message);
}

TEST(JournalMap, refuses_block_sizes_that_cannot_be) {
    block::MemoryDevice device(blocks * 1024);
    for (const std::uint32_t size : {0u, 512u, 1025u, 131072u})
        EXPECT_EQ(open(device, {{1, 1}}, size).error(), std::errc::invalid_argument);
}

}  // namespace
}  // namespace quire::ext::journal
