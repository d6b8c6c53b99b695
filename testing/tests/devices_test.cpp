// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <thread>

#include "quire/base/units.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/block/source_device.hpp"
#include "quire/testing/device_contract.hpp"
#include "quire/testing/faulty_device.hpp"
#include "quire/testing/image.hpp"
#include "quire/testing/memory_source.hpp"
#include "quire/testing/overlay_device.hpp"
#include "quire/testing/recording_device.hpp"

namespace quire::testing {

namespace {

using block::MemoryDevice;
using block::Range;

std::shared_ptr<MemoryDevice> memory(std::uint64_t size = MiB) {
    return std::make_shared<MemoryDevice>(size);
}

// Left alone, the fakes are devices like any other.
INSTANTIATE_TEST_SUITE_P(
    Testing, DeviceContract,
    ::testing::Values(DeviceCase{"faulty",
                                 [](auto size) -> Result<std::shared_ptr<block::Device>> {
                                     return std::make_shared<FaultyDevice>(memory(size));
                                 },
                                 true, true},
                      DeviceCase{"recording",
                                 [](auto size) -> Result<std::shared_ptr<block::Device>> {
                                     return std::make_shared<RecordingDevice>(memory(size));
                                 },
                                 false, true},
                      DeviceCase{"overlay",
                                 [](auto size) -> Result<std::shared_ptr<block::Device>> {
                                     return std::make_shared<OverlayDevice>(memory(size));
                                 },
                                 false, false}),
    device_case_name);

TEST(FaultyDevice, the_nth_request_from_now_fails_and_the_others_do_not) {
    FaultyDevice device(memory());
    const Bytes bytes = pattern(10);
    ASSERT_TRUE(device.write(0, bytes));
    device.fail_after(Operation::write, 1, std::errc::no_space_on_device);
    EXPECT_TRUE(device.write(0, bytes));
    EXPECT_TRUE(device.flush());
    EXPECT_EQ(device.write(0, bytes).error(), std::errc::no_space_on_device);
    EXPECT_TRUE(device.write(0, bytes));
    EXPECT_EQ(device.requests(Operation::write), 4U);
}

TEST(FaultyDevice, a_disk_that_goes_away_answers_nothing_any_more) {
    FaultyDevice device(memory());
    device.fail_all_after(1);
    Bytes bytes(10);
    EXPECT_TRUE(device.read(0, bytes));
    EXPECT_EQ(device.read(0, bytes).error(), std::errc::io_error);
    EXPECT_EQ(device.write(0, bytes).error(), std::errc::io_error);
    EXPECT_EQ(device.flush().error(), std::errc::io_error);
    EXPECT_EQ(device.zero({0, 1}).error(), std::errc::io_error);
    EXPECT_EQ(device.discard({0, 1}).error(), std::errc::io_error);
    EXPECT_EQ(device.next_data(0).error(), std::errc::io_error);
    EXPECT_EQ(device.resize(1).error(), std::errc::io_error);
    device.heal();
    EXPECT_TRUE(device.read(0, bytes));
}

TEST(FaultyDevice, a_bad_place_fails_whoever_touches_it) {
    FaultyDevice device(memory());
    device.fail_range(Operation::read, {4096, 512});
    Bytes bytes(4096);
    EXPECT_TRUE(device.read(0, bytes));
    EXPECT_TRUE(device.read(4608, bytes));
    EXPECT_EQ(device.read(1, bytes).error(), std::errc::io_error);
    EXPECT_TRUE(device.write(4096, bytes));
    const block::ReadRun runs[] = {{0, std::span(bytes).first(512)},
                                   {4096, std::span(bytes).last(512)}};
    EXPECT_EQ(device.read_runs(runs).error(), std::errc::io_error);
}

TEST(FaultyDevice, a_torn_write_leaves_its_beginning) {
    const auto base = memory();
    FaultyDevice device(base);
    const auto at_4096 = [](const Request& request) { return request.range.offset == 4096; };
    device.tear_when(at_4096, 512, std::errc::io_error);
    EXPECT_EQ(device.write(4096, pattern(2048)).error(), std::errc::io_error);
    Bytes expected = pattern(2048);
    std::fill(expected.begin() + 512, expected.end(), std::byte{});
    EXPECT_TRUE(read_bytes(*base, 4096, 2048) == expected);

    device.heal();
    device.tear_when(at_4096, 1024, std::nullopt);
    EXPECT_TRUE(device.write(4096, pattern(2048, 2))) << "the disk claims success";
    EXPECT_TRUE(read_bytes(*base, 5120, 1024) == Bytes(1024));
}

TEST(FaultyDevice, a_held_request_waits_for_the_gate_and_others_pass) {
    FaultyDevice device(memory());
    Gate gate;
    device.hold_when([](const Request& request) { return request.operation == Operation::flush; },
                     gate);
    bool flushed = false;
    std::jthread flusher([&] { flushed = device.flush().has_value(); });
    gate.wait_for(1);
    EXPECT_TRUE(device.write(0, pattern(1))) << "a write overtakes the flush";
    EXPECT_FALSE(flushed);
    gate.open();
    flusher.join();
    EXPECT_TRUE(flushed);
}

TEST(MemorySource, a_short_source_gives_whole_reads_or_an_error) {
    const auto source = std::make_shared<MemorySource>(
        MiB, MemorySource::Options{.largest_transfer = 7, .ends_at = 1000});
    const auto device = *block::SourceDevice::open(source);
    ASSERT_TRUE(device->write(0, pattern(1000)));
    EXPECT_TRUE(read_bytes(*device, 0, 1000) == pattern(1000));
    Bytes bytes(2);
    EXPECT_EQ(device->read(999, bytes).error(), std::errc::io_error);
}

TEST(RecordingDevice, changes_flushes_and_marks_are_written_down_in_order) {
    RecordingDevice device(memory());
    ASSERT_TRUE(device.write(5, pattern(3)));
    ASSERT_TRUE(device.zero({1, 2}));
    device.mark("here");
    ASSERT_TRUE(device.flush());
    ASSERT_TRUE(device.discard({7, 8}));
    EXPECT_FALSE(device.write(MiB, pattern(1)));
    const auto log = device.log();
    ASSERT_EQ(log.size(), 5U);
    EXPECT_EQ(log[0].kind, Record::Kind::write);
    EXPECT_EQ(log[0].range, (Range{5, 3}));
    EXPECT_TRUE(log[0].bytes == pattern(3));
    EXPECT_EQ(log[1].kind, Record::Kind::zero);
    EXPECT_EQ(log[1].range, (Range{1, 2}));
    EXPECT_EQ(log[2].name, "here");
    EXPECT_EQ(log[3].kind, Record::Kind::flush);
    EXPECT_EQ(log[4].range, (Range{7, 8}));
}

TEST(RecordingDevice, requests_bytes_and_blocks_are_counted) {
    RecordingDevice device(memory());
    Bytes bytes(8192);
    ASSERT_TRUE(device.read(4095, std::span(bytes).first(2)));
    ASSERT_TRUE(device.read(0, bytes));
    const block::ReadRun runs[] = {{4096, std::span(bytes).first(4096)}, {65536, {}}};
    ASSERT_TRUE(device.read_runs(runs));
    ASSERT_TRUE(device.write(0, bytes));
    ASSERT_TRUE(device.flush());
    const auto counts = device.counts();
    EXPECT_EQ(counts.reads, 4U);
    EXPECT_EQ(counts.bytes_read, 2U + 8192U + 4096U);
    EXPECT_EQ(counts.blocks_read, 2U + 2U + 1U);
    EXPECT_EQ(device.distinct_blocks_read(), 2U);
    EXPECT_EQ(counts.writes, 1U);
    EXPECT_EQ(counts.bytes_written, 8192U);
    EXPECT_EQ(counts.flushes, 1U);
    device.reset();
    EXPECT_EQ(device.counts().reads, 0U);
    EXPECT_EQ(device.distinct_blocks_read(), 0U);
    EXPECT_TRUE(device.log().empty());
}

TEST(RecordingDevice, replaying_the_log_of_many_threads_gives_what_the_device_holds) {
    const auto live = memory();
    RecordingDevice device(live);
    auto work = [&](std::uint64_t self) {
        for (std::uint64_t round = 0; round < 200; ++round)
            EXPECT_TRUE(device.write(round % 10 * 1000, pattern(1500, self * 1000 + round)));
    };
    std::vector<std::jthread> threads;
    for (std::uint64_t self = 0; self < 4; ++self) threads.emplace_back(work, self);
    threads.clear();
    const auto again = memory();
    for (const Record& record : device.log())
        ASSERT_TRUE(again->write(record.range.offset, record.bytes));
    EXPECT_TRUE(read_bytes(*live, 0, 12000) == read_bytes(*again, 0, 12000));
}

TEST(OverlayDevice, changes_stay_above_and_can_be_forgotten) {
    const auto base = memory(10000);
    ASSERT_TRUE(base->write(0, pattern(10000)));
    OverlayDevice overlay(base);
    ASSERT_TRUE(overlay.write(9000, pattern(1000, 2)));
    ASSERT_TRUE(overlay.zero({0, 5000}));
    EXPECT_TRUE(read_bytes(overlay, 9000, 1000) == pattern(1000, 2));
    EXPECT_TRUE(read_bytes(overlay, 0, 5000) == Bytes(5000));
    EXPECT_TRUE(read_bytes(*base, 0, 10000) == pattern(10000));
    overlay.clear();
    EXPECT_TRUE(read_bytes(overlay, 0, 10000) == pattern(10000));
}

TEST(Image, a_snapshot_is_equal_and_apart) {
    const auto base = memory(3 * MiB + 17);
    ASSERT_TRUE(base->write(MiB + 5, pattern(100000)));
    ASSERT_TRUE(base->write(3 * MiB + 16, pattern(1)));
    const auto copy = *snapshot(*base);
    EXPECT_TRUE(read_bytes(*copy, 0, 3 * MiB + 17) == read_bytes(*base, 0, 3 * MiB + 17));
    EXPECT_EQ(copy->used(), base->used());
    ASSERT_TRUE(base->write(0, pattern(1)));
    EXPECT_EQ(read_bytes(*copy, 0, 1)[0], std::byte{});
}

}  // namespace

}  // namespace quire::testing
