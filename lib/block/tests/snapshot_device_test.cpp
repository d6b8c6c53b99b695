// SPDX-License-Identifier: MIT

#include "quire/block/snapshot_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "quire/block/memory_device.hpp"
#include "quire/testing/bytes.hpp"

namespace quire::block {
namespace {

using testing::Bytes;
using ::testing::HasSubstr;
using testing::pattern;
using testing::read_bytes;

constexpr std::uint64_t piece = SnapshotDevice::piece_size;
constexpr std::size_t snapshot_test_size = 64 * piece + 100;  // the last piece is short

std::shared_ptr<SnapshotDevice> device_with_pattern(std::uint64_t budget) {
    auto below = std::make_shared<MemoryDevice>(snapshot_test_size);
    EXPECT_TRUE(below->write(0, pattern(snapshot_test_size)));
    return SnapshotDevice::over(below, budget);
}

TEST(SnapshotDevice, a_snapshot_stays_as_the_device_was) {
    const auto device = device_with_pattern(SnapshotDevice::default_budget);
    const auto snapshot = device->snapshot();
    const Bytes before = pattern(snapshot_test_size);
    ASSERT_TRUE(device->write(piece - 1, Bytes(2, std::byte{1})));
    ASSERT_TRUE(device->zero({10 * piece, 3 * piece}));
    ASSERT_TRUE(device->discard({20 * piece + 5, 100}));
    const Bytes other(50, std::byte{7});
    const std::array runs{WriteRun{30 * piece, other}, WriteRun{snapshot_test_size - 50, other}};
    ASSERT_TRUE(device->write_runs(runs));
    EXPECT_TRUE(read_bytes(*snapshot, 0, snapshot_test_size) == before);
    EXPECT_TRUE(read_bytes(*snapshot, piece - 1, 2) ==
                Bytes(&before[piece - 1], &before[piece + 1]));
    EXPECT_EQ(read_bytes(*device, snapshot_test_size - 50, 50), other);
    // A piece is kept once, and the next snapshot is of what is there then.
    EXPECT_EQ(device->kept(), 8 * piece);
    ASSERT_TRUE(device->write(piece - 1, Bytes(2, std::byte{2})));
    EXPECT_EQ(device->kept(), 8 * piece);
    const auto later = device->snapshot();
    EXPECT_EQ(read_bytes(*later, piece - 1, 2), Bytes(2, std::byte{2}));
}

TEST(SnapshotDevice, data_that_is_gone_below_is_found_in_the_snapshot) {
    const auto device = SnapshotDevice::over(std::make_shared<MemoryDevice>(snapshot_test_size));
    ASSERT_TRUE(device->write(8 * piece, Bytes(10, std::byte{1})));
    const auto snapshot = device->snapshot();
    ASSERT_TRUE(device->zero({0, snapshot_test_size}));
    std::uint64_t at = 0;
    while (true) {
        const auto data = snapshot->next_data(at);
        ASSERT_TRUE(data);
        ASSERT_NE(data->length, 0U) << "the data was not found";
        if (data->offset <= 8 * piece && data->offset + data->length > 8 * piece) break;
        at = data->offset + data->length;
    }
}

TEST(SnapshotDevice, what_is_written_to_a_snapshot_is_its_own) {
    const auto device = device_with_pattern(SnapshotDevice::default_budget);
    const auto one = device->snapshot();
    const auto two = device->snapshot();
    ASSERT_TRUE(one->write(100, Bytes(10000, std::byte{9})));
    EXPECT_EQ(read_bytes(*one, 100, 10000), Bytes(10000, std::byte{9}));
    EXPECT_TRUE(read_bytes(*two, 0, snapshot_test_size) == pattern(snapshot_test_size));
    EXPECT_TRUE(read_bytes(*device, 0, snapshot_test_size) == pattern(snapshot_test_size));
}

TEST(SnapshotDevice, memory_is_bounded_and_only_the_snapshot_pays) {
    const auto device = device_with_pattern(4 * piece);
    auto snapshot = device->snapshot();
    ASSERT_TRUE(device->write(0, Bytes(4 * piece, std::byte{1})));
    EXPECT_TRUE(read_bytes(*snapshot, 0, snapshot_test_size) == pattern(snapshot_test_size));
    ASSERT_TRUE(device->write(9 * piece, Bytes(1, std::byte{1})));
    Bytes memory(1);
    const auto read = snapshot->read(0, memory);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), std::errc::no_buffer_space);
    EXPECT_THAT(read.error().message(), HasSubstr("changed too much"));
    EXPECT_FALSE(snapshot->write(0, memory));
    EXPECT_FALSE(snapshot->next_data(0));
    EXPECT_EQ(device->kept(), 0U);
    // There is room for the next one, and a snapshot's end gives its memory back.
    snapshot = device->snapshot();
    ASSERT_TRUE(device->write(0, Bytes(4 * piece, std::byte{2})));
    EXPECT_EQ(read_bytes(*snapshot, 0, 1), Bytes(1, std::byte{1}));
    snapshot.reset();
    EXPECT_EQ(device->kept(), 0U);
}

TEST(SnapshotDevice, a_device_that_is_cut_ends_its_snapshots) {
    const auto device = device_with_pattern(SnapshotDevice::default_budget);
    const auto snapshot = device->snapshot();
    ASSERT_TRUE(device->resize(snapshot_test_size + piece));
    EXPECT_EQ(snapshot->geometry().size, snapshot_test_size);
    EXPECT_TRUE(read_bytes(*snapshot, 0, snapshot_test_size) == pattern(snapshot_test_size));
    ASSERT_TRUE(device->resize(piece));
    Bytes memory(1);
    EXPECT_FALSE(snapshot->read(0, memory));
}

TEST(SnapshotDevice, is_of_one_moment_while_others_write) {
    const auto device = SnapshotDevice::over(std::make_shared<MemoryDevice>(16 * piece));
    std::atomic<bool> done = false;
    std::atomic<int> rounds = 0;
    // Each write sets all bytes of two pieces at once.
    std::thread writer([&] {
        for (; !done; ++rounds)
            for (std::uint64_t at = 0; at < 16; at += 2)
                EXPECT_TRUE(device->write(at * piece,
                                          Bytes(2 * piece, static_cast<std::byte>(rounds.load()))));
    });
    for (int round = 0; round < 200; ++round) {
        const auto snapshot = device->snapshot();
        const int before = rounds;
        const Bytes first = read_bytes(*snapshot, 0, 16 * piece);
        for (std::size_t at = 0; at < 16; at += 2)
            EXPECT_EQ(first[at * piece], first[(at + 2) * piece - 1]) << "a write was cut";
        // By then, everything has been written anew.
        while (rounds < before + 2) std::this_thread::yield();
        EXPECT_TRUE(read_bytes(*snapshot, 0, 16 * piece) == first) << "a snapshot has changed";
    }
    done = true;
    writer.join();
}

}  // namespace
}  // namespace quire::block
