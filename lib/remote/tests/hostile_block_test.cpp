// SPDX-License-Identifier: MIT

// A client that sends what it likes to a block object.

#include <sys/mman.h>

#include <limits>

#include "quire/block/memory_device.hpp"
#include "quire/testing/bytes.hpp"
#include "tests/hostile_memory.hpp"
#include "tests/serving.hpp"

namespace quire::remote {

namespace {

constexpr std::uint64_t device_size = 1U << 20U;
constexpr std::uint64_t furthest = std::numeric_limits<std::uint64_t>::max();

class HostileBlock : public ::testing::Test {
protected:
    const std::shared_ptr<block::MemoryDevice> memory =
        std::make_shared<block::MemoryDevice>(device_size);
    Serving serving;
    const ipc::Cap<protocols::Block> cap = serving.block(memory);

    Result<void> read(std::vector<protocols::BlockRun> runs) {
        return cap->read_runs(patient, runs);
    }
    Result<void> write(std::vector<protocols::BlockRun> runs) {
        return cap->write_runs(patient, runs);
    }
};

TEST_F(HostileBlock, buffers_that_are_none_are_refused) {
    for (const BadMemory& bad : bad_memories()) {
        const auto answer = cap->set_buffer(patient, bad.make());
        ASSERT_FALSE(answer) << bad.name;
        EXPECT_EQ(answer.error(), std::errc::invalid_argument) << bad.name;
    }
    EXPECT_EQ(read({{0, 1, 0}}).error(), std::errc::invalid_argument);
    EXPECT_TRUE(cap->set_buffer(patient, sealed_memory(4096)));
    EXPECT_TRUE(read({{0, 1, 0}}));
}

TEST_F(HostileBlock, places_outside_the_buffer_are_refused_before_anything_is_done) {
    ASSERT_TRUE(cap->set_buffer(patient, sealed_memory(8192)));
    ASSERT_TRUE(memory->write(0, testing::pattern(4096)));
    for (const protocols::BlockRun run : {protocols::BlockRun{0, 8193, 0},
                                          {0, 1, 8192},
                                          {0, 4096, 4097},
                                          {0, furthest, 1},
                                          {0, 2, furthest},
                                          {0, furthest, furthest}}) {
        EXPECT_EQ(read({run}).error(), std::errc::invalid_argument);
        EXPECT_EQ(write({run}).error(), std::errc::invalid_argument);
        EXPECT_EQ(write({{0, 4096, 0}, run}).error(), std::errc::invalid_argument);
    }
    EXPECT_EQ(testing::read_bytes(*memory, 0, 4096), testing::pattern(4096));
    EXPECT_TRUE(read({{0, 8192, 0}, {0, 0, 8192}}));
}

TEST_F(HostileBlock, ranges_beyond_the_device_are_refused) {
    ASSERT_TRUE(cap->set_buffer(patient, sealed_memory(8192)));
    for (const std::uint64_t offset :
         {device_size - 1, device_size, device_size + 1, furthest - 1}) {
        EXPECT_EQ(read({{offset, 2, 0}}).error(), std::errc::result_out_of_range);
        EXPECT_EQ(write({{offset, 2, 0}}).error(), std::errc::result_out_of_range);
        EXPECT_EQ(cap->read(patient, offset, 2).error(), std::errc::result_out_of_range);
        EXPECT_EQ(cap->write(patient, offset, testing::pattern(2)).error(),
                  std::errc::result_out_of_range);
        EXPECT_EQ(cap->zero(patient, {offset, 2}).error(), std::errc::result_out_of_range);
        EXPECT_EQ(cap->discard(patient, {offset, 2}).error(), std::errc::result_out_of_range);
    }
    EXPECT_EQ(cap->zero(patient, {1, furthest}).error(), std::errc::result_out_of_range);
    EXPECT_EQ(cap->next_data(patient, device_size + 1).error(), std::errc::result_out_of_range);
    EXPECT_EQ(cap->read(patient, 0, std::numeric_limits<std::uint32_t>::max()).error(),
              std::errc::message_size);
}

TEST_F(HostileBlock, a_buffer_that_shrinks_is_not_mapped_and_one_with_holes_is_only_memory) {
    ipc::Memory shared = sealed_memory(8192);
    ASSERT_TRUE(cap->set_buffer(patient, shared));
    ASSERT_EQ(::ftruncate(shared.fd(), 0), -1);
    ASSERT_EQ(::fallocate(shared.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 8192), 0);
    ASSERT_TRUE(memory->write(0, testing::pattern(8192)));
    ASSERT_TRUE(write({{0, 8192, 0}}));
    EXPECT_EQ(testing::read_bytes(*memory, 0, 8192), testing::Bytes(8192));
}

TEST_F(HostileBlock, a_buffer_for_reading_only_is_only_read) {
    ASSERT_TRUE(cap->set_buffer(patient, sealed_memory(4096, false)));
    EXPECT_TRUE(write({{0, 4096, 0}}));
    EXPECT_EQ(read({{0, 4096, 0}}).error(), std::errc::permission_denied);
}

TEST_F(HostileBlock, buffers_without_end_replace_one_another) {
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(cap->set_buffer(patient, sealed_memory(64U << 20U)));
    EXPECT_TRUE(read({{0, 4096, (64U << 20U) - 4096}}));
}

}  // namespace

}  // namespace quire::remote
