// SPDX-License-Identifier: MIT

#include "buffers/transfer_buffer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace quire::client {
namespace {

constexpr std::size_t part_size = TransferBuffer::part_size;

class TransferBuffers : public ::testing::Test {
protected:
    /// What the server finds in a buffer that it was told of.
    static std::byte first_byte(const ipc::Memory& memory, std::uint64_t offset) {
        std::byte found{};
        EXPECT_EQ(::pread(memory.fd(), &found, 1, static_cast<off_t>(offset)), 1);
        return found;
    }
    void lose_one(std::errc code) {
        const Error error(code);
        buffer.used(&error);
    }

    std::vector<ipc::Memory> announced;
    Result<void> answer;
    TransferBuffer buffer{[this](ipc::Memory memory) {
        announced.push_back(std::move(memory));
        return answer;
    }};
};

TEST_F(TransferBuffers, are_made_once_and_cannot_shrink) {
    EXPECT_TRUE(announced.empty());
    const auto part = buffer.part();
    ASSERT_TRUE(part);
    EXPECT_EQ(part->offset, 0u);
    EXPECT_EQ(part->bytes.size(), part_size);
    buffer.used(nullptr);
    lose_one(std::errc::io_error);  // an answer: the call is over
    EXPECT_EQ(buffer.part()->bytes.data(), part->bytes.data());
    ASSERT_EQ(announced.size(), 1u);
    EXPECT_EQ(announced[0].size(), part_size);
    EXPECT_TRUE(announced[0].require_fixed_size());
    EXPECT_TRUE(announced[0].writable());
    part->bytes[0] = std::byte{7};
    EXPECT_EQ(first_byte(announced[0], 0), std::byte{7});
}

// A call that was given up finds its content wherever it looks, and disturbs nobody.
TEST_F(TransferBuffers, keep_what_calls_had_that_were_given_up) {
    for (std::size_t i = 0; i <= TransferBuffer::most_lost; ++i) {
        const auto part = buffer.part();
        ASSERT_TRUE(part) << i;
        EXPECT_EQ(part->offset, i * part_size);
        part->bytes[0] = static_cast<std::byte>(i + 1);
        EXPECT_EQ(announced.back().size(), (i + 1) * part_size);
        lose_one(i % 2 == 0 ? std::errc::timed_out : std::errc::operation_canceled);
    }
    EXPECT_EQ(announced.size(), TransferBuffer::most_lost + 1);
    for (std::size_t i = 0; i < announced.size(); ++i)
        for (std::size_t seen = i; seen < announced.size(); ++seen)
            EXPECT_EQ(first_byte(announced[seen], i * part_size), static_cast<std::byte>(i + 1));
    EXPECT_FALSE(buffer.part());
    EXPECT_EQ(announced.size(), TransferBuffer::most_lost + 1);
}

TEST_F(TransferBuffers, are_not_offered_again_to_who_wants_none) {
    answer = fail(std::errc::invalid_argument);
    EXPECT_FALSE(buffer.part());
    EXPECT_FALSE(buffer.part());
    EXPECT_EQ(announced.size(), 1u);
}

TEST_F(TransferBuffers, are_offered_again_to_who_was_late) {
    answer = fail(std::errc::timed_out);
    EXPECT_FALSE(buffer.part());
    answer = {};
    EXPECT_TRUE(buffer.part());
    EXPECT_EQ(announced.size(), 2u);
}

}  // namespace
}  // namespace quire::client
