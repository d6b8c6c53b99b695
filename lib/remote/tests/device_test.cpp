// SPDX-License-Identifier: MIT

#include "quire/remote/device.hpp"

#include "quire/block/memory_device.hpp"
#include "quire/block/region_device.hpp"
#include "quire/testing/bytes.hpp"
#include "quire/testing/device_contract.hpp"
#include "quire/testing/faulty_device.hpp"
#include "quire/testing/gate.hpp"
#include "tests/serving.hpp"

namespace quire::testing {

namespace {

Result<std::shared_ptr<block::Device>> make_remote(std::uint64_t size) {
    const auto serving = std::make_shared<remote::Serving>();
    QUIRE_TRY_ASSIGN(auto device, remote::Device::open(
                                      serving->block(std::make_shared<block::MemoryDevice>(size))));
    return standing_on(std::move(device), serving);
}

INSTANTIATE_TEST_SUITE_P(Remote, DeviceContract,
                         ::testing::Values(DeviceCase{"remote", make_remote, true, true}),
                         device_case_name);

}  // namespace

}  // namespace quire::testing

namespace quire::remote {

namespace {

using testing::Bytes;
using testing::pattern;

class RemoteDevice : public ::testing::Test {
protected:
    const std::shared_ptr<block::MemoryDevice> memory =
        std::make_shared<block::MemoryDevice>(16U << 20U);
    Serving serving;
    const ipc::Cap<protocols::Block> cap = serving.block(memory);
    const std::shared_ptr<Device> device = *Device::open(cap);
};

TEST_F(RemoteDevice, says_what_the_device_behind_it_is) {
    EXPECT_EQ(device->geometry().size, 16U << 20U);
    EXPECT_TRUE(device->geometry().writable);
    EXPECT_EQ(device->describe(), "memory");
}

TEST_F(RemoteDevice, small_transfers_are_one_message_each) {
    Messages messages(cap);
    const Bytes bytes = pattern(4096);
    ASSERT_TRUE(device->write(100, bytes));
    EXPECT_EQ(messages.count(), 1u);
    EXPECT_EQ(testing::read_bytes(*device, 100, 4096), bytes);
    EXPECT_EQ(messages.count(), 1u);
    ASSERT_TRUE(device->flush());
    EXPECT_EQ(messages.count(), 1u);
}

TEST_F(RemoteDevice, a_mebibyte_is_one_message_once_there_is_a_buffer) {
    const Bytes bytes = pattern(1U << 20U);
    Messages messages(cap);
    ASSERT_TRUE(device->write(77, bytes));
    EXPECT_EQ(messages.count(), 2u);
    EXPECT_EQ(testing::read_bytes(*device, 77, bytes.size()), bytes);
    EXPECT_EQ(messages.count(), 1u);
    ASSERT_TRUE(device->write(4U << 20U, bytes));
    EXPECT_EQ(messages.count(), 1u);
}

TEST_F(RemoteDevice, many_runs_are_one_message) {
    std::vector<Bytes> pieces;
    std::vector<block::WriteRun> writes;
    for (std::uint64_t i = 0; i < 500; ++i) pieces.push_back(pattern(1000, i));
    for (std::uint64_t i = 0; i < 500; ++i) writes.push_back({i * 5000, pieces[i]});
    ASSERT_TRUE(device->write(0, pattern(100'000)));  // makes the buffer
    Messages messages(cap);
    ASSERT_TRUE(device->write_runs(writes));
    EXPECT_EQ(messages.count(), 1u);
    Bytes all(500 * 1000);
    std::vector<block::ReadRun> reads;
    for (std::uint64_t i = 0; i < 500; ++i)
        reads.push_back({i * 5000, std::span(all).subspan(i * 1000, 1000)});
    ASSERT_TRUE(device->read_runs(reads));
    EXPECT_EQ(messages.count(), 1u);
    for (std::uint64_t i = 0; i < 500; ++i)
        EXPECT_TRUE(std::ranges::equal(std::span(all).subspan(i * 1000, 1000), pieces[i]));
}

TEST_F(RemoteDevice, transfers_longer_than_the_buffer_are_whole) {
    const Bytes bytes = pattern(9'000'001);
    ASSERT_TRUE(device->write(3, bytes));
    EXPECT_EQ(testing::read_bytes(*memory, 3, bytes.size()), bytes);
    EXPECT_EQ(testing::read_bytes(*device, 3, bytes.size()), bytes);
}

TEST_F(RemoteDevice, threads_share_the_buffer_and_never_see_each_others_bytes) {
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < 6; ++thread)
        threads.emplace_back([&, thread] {
            const Bytes bytes = pattern(700'000 + thread, thread + 1);
            for (int i = 0; i < 10; ++i) {
                EXPECT_TRUE(device->write(thread * 2'000'000, bytes));
                EXPECT_EQ(testing::read_bytes(*device, thread * 2'000'000, bytes.size()), bytes);
            }
        });
}

TEST_F(RemoteDevice, errors_are_those_of_the_device_with_their_sentence) {
    EXPECT_EQ(device->write((16U << 20U) - 1, pattern(2)).error(), std::errc::result_out_of_range);
    const auto faulty = std::make_shared<testing::FaultyDevice>(memory);
    const auto other = serving.device(faulty);
    faulty->fail_after(testing::Operation::read, 0, std::errc::no_such_device_or_address);
    Bytes bytes(10);
    EXPECT_EQ(other->read(0, bytes).error(), std::errc::no_such_device_or_address);
    const auto read_only = serving.device(block::RegionDevice::read_only(memory));
    EXPECT_FALSE(read_only->geometry().writable);
    EXPECT_EQ(read_only->write(0, bytes).error(), std::errc::read_only_file_system);
}

TEST_F(RemoteDevice, a_server_that_dies_ends_every_call_at_once) {
    const auto faulty = std::make_shared<testing::FaultyDevice>(memory);
    const auto other = serving.device(faulty);
    testing::Gate gate;
    faulty->hold_when([](const auto&) { return true; }, gate);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&, i] {
            Bytes bytes(i == 0 ? 10 : 200'000);
            EXPECT_EQ(other->read(0, bytes).error(), std::errc::connection_reset);
        });
    gate.wait_for(3);
    // The server waits for the calls in progress, but not their clients.
    std::jthread end([&] { serving.server.reset(); });
    threads.clear();
    EXPECT_EQ(other->flush().error(), std::errc::connection_reset);
    gate.open();
}

/// A block server that answers what it likes.
class LyingBlock final : public virtual protocols::Block {
public:
    Result<protocols::BlockGeometryResult> geometry(const ipc::Call&) override {
        return protocols::BlockGeometryResult{{4096, alignment, true}, "lies"};
    }
    Result<std::vector<std::byte>> read(const ipc::Call&, std::uint64_t, std::uint32_t) override {
        return std::vector<std::byte>(length);
    }
    Result<void> write(const ipc::Call&, std::uint64_t, std::span<const std::byte>) override {
        return {};
    }
    Result<void> set_buffer(const ipc::Call&, ipc::Memory) override { return {}; }
    Result<void> read_runs(const ipc::Call&, const std::vector<protocols::BlockRun>&) override {
        return {};
    }
    Result<void> write_runs(const ipc::Call&, const std::vector<protocols::BlockRun>&) override {
        return {};
    }
    Result<void> flush(const ipc::Call&) override { return {}; }
    Result<void> discard(const ipc::Call&, const protocols::Range&) override { return {}; }
    Result<void> zero(const ipc::Call&, const protocols::Range&) override { return {}; }
    Result<protocols::Range> next_data(const ipc::Call&, std::uint64_t) override { return range; }
    Result<void> resize(const ipc::Call&, std::uint64_t) override { return {}; }

    std::uint32_t alignment = 512;
    std::size_t length = 0;
    protocols::Range range;
};

TEST(LyingServer, is_an_error) {
    Serving serving;
    const auto lies = std::make_shared<LyingBlock>();
    lies->alignment = 3;
    EXPECT_EQ(Device::open(serving.serve<protocols::Block>(lies)).error(), std::errc::io_error);
    lies->alignment = 512;
    const auto device = *Device::open(serving.serve<protocols::Block>(lies));
    Bytes bytes(10);
    for (const std::size_t length : {0, 9, 11, 60'000}) {
        lies->length = length;
        EXPECT_EQ(device->read(0, bytes).error(), std::errc::io_error);
    }
    for (const protocols::Range range :
         {protocols::Range{0, 10}, {100, 4096}, {5000, 1}, {200, ~std::uint64_t{0}}}) {
        lies->range = range;
        EXPECT_EQ(device->next_data(100).error(), std::errc::io_error);
    }
}

}  // namespace

}  // namespace quire::remote
