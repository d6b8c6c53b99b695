// SPDX-License-Identifier: MIT

#include "buffers/transfer_buffer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <vector>

namespace quire::client {
namespace {

constexpr std::size_t part_size = TransferBuffer::part_size;

class TransferBuffers : public ::testing::Test {
protected:
    std::vector<ipc::Memory> announced;
    Result<void> answer;
    int looks = 0;
    std::optional<TransferBuffer> buffer{std::in_place,
                                         [this](ipc::Memory memory) {
                                             announced.push_back(std::move(memory));
                                             return answer;
                                         },
                                         [this] { ++looks; }};
};

TEST_F(TransferBuffers, are_made_once_and_cannot_shrink) {
    EXPECT_TRUE(announced.empty());
    auto part = buffer->part();
    ASSERT_TRUE(part);
    EXPECT_EQ(part->offset, 0u);
    EXPECT_EQ(part->bytes.size(), part_size);
    part->bytes[0] = std::byte{7};
    part.reset();
    EXPECT_EQ(buffer->part()->offset, 0u) << "it is free again";
    ASSERT_EQ(announced.size(), 1u);
    EXPECT_TRUE(announced[0].require_fixed_size());
    EXPECT_TRUE(announced[0].writable());
    std::byte found{};
    EXPECT_EQ(::pread(announced[0].fd(), &found, 1, 0), 1);
    EXPECT_EQ(found, std::byte{7});
}

// What a call has that was given up, no other one gets before the server is done with it.
TEST_F(TransferBuffers, have_back_what_was_lent_when_it_is_given_back) {
    std::vector<TransferBuffer::Part> lent;
    for (std::size_t i = 0; i < TransferBuffer::parts; ++i) {
        auto part = buffer->part();
        ASSERT_TRUE(part) << i;
        EXPECT_EQ(part->offset, i * part_size);
        part->bytes[part_size - 1] = std::byte{1};
        lent.push_back(std::move(*part));
    }
    EXPECT_EQ(looks, 0);
    EXPECT_FALSE(buffer->part());
    EXPECT_EQ(looks, 1);
    lent.erase(lent.begin() + 2);
    auto again = buffer->part();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->offset, 2 * part_size);
    EXPECT_FALSE(buffer->part());
    EXPECT_EQ(announced.size(), 1u);
    // Also after the end of all.
    buffer.reset();
    lent.clear();
}

TEST_F(TransferBuffers, are_not_offered_again_to_who_wants_none) {
    answer = fail(std::errc::invalid_argument);
    EXPECT_FALSE(buffer->part());
    EXPECT_FALSE(buffer->part());
    EXPECT_EQ(announced.size(), 1u);
}

// The same memory: the server may do late what it was told first.
TEST_F(TransferBuffers, are_offered_again_to_who_was_late) {
    answer = fail(std::errc::timed_out);
    EXPECT_FALSE(buffer->part());
    answer = {};
    const auto part = buffer->part();
    ASSERT_TRUE(part);
    ASSERT_EQ(announced.size(), 2u);
    part->bytes[0] = std::byte{9};
    std::byte found{};
    EXPECT_EQ(::pread(announced[0].fd(), &found, 1, 0), 1);
    EXPECT_EQ(found, std::byte{9});
}

}  // namespace
}  // namespace quire::client
