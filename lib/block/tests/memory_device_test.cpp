// SPDX-License-Identifier: MIT

#include "quire/block/memory_device.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "quire/base/units.hpp"
#include "quire/block/region_device.hpp"
#include "quire/block/source_device.hpp"
#include "quire/testing/bytes.hpp"
#include "quire/testing/memory_source.hpp"

namespace quire::block {

namespace {

using quire::testing::Bytes;
using quire::testing::MemorySource;
using quire::testing::pattern;
using quire::testing::read_bytes;

constexpr std::uint64_t chunk = MemoryDevice::chunk_size;

TEST(MemoryDevice, what_was_never_written_takes_no_memory) {
    MemoryDevice device(16 * TiB);
    EXPECT_EQ(device.used(), 0U);
    ASSERT_TRUE(device.write(16 * TiB - 1, pattern(1)));
    EXPECT_EQ(device.used(), chunk);
    ASSERT_TRUE(device.zero({0, 16 * TiB}));
    EXPECT_EQ(device.used(), 0U);
    EXPECT_TRUE(read_bytes(device, 16 * TiB - 1, 1) == Bytes(1));
}

TEST(MemoryDevice, memory_over_the_limit_is_refused_and_the_rest_works_on) {
    MemoryDevice device(MiB, {.limit = 2 * chunk + 1, .name = "small"});
    ASSERT_TRUE(device.write(0, pattern(chunk)));
    const auto written = device.write(chunk, pattern(2 * chunk, 2));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), std::errc::no_space_on_device);
    EXPECT_EQ(device.used(), 2 * chunk);
    EXPECT_TRUE(read_bytes(device, 0, chunk) == pattern(chunk));
    EXPECT_TRUE(device.write(5, pattern(100)));
    ASSERT_TRUE(device.discard({0, chunk}));
    EXPECT_TRUE(device.write(10 * chunk, pattern(1)));
}

TEST(MemoryDevice, a_device_for_reading_refuses_every_change) {
    MemoryDevice device(MiB, {.writable = false});
    EXPECT_FALSE(device.geometry().writable);
    EXPECT_EQ(device.write(0, pattern(1)).error(), std::errc::read_only_file_system);
    EXPECT_EQ(device.zero({0, 1}).error(), std::errc::read_only_file_system);
    EXPECT_EQ(device.discard({0, 1}).error(), std::errc::read_only_file_system);
    EXPECT_EQ(device.resize(1).error(), std::errc::read_only_file_system);
}

TEST(MemoryDevice, shrinking_gives_memory_back) {
    MemoryDevice device(10 * chunk);
    ASSERT_TRUE(device.write(0, pattern(10 * chunk)));
    ASSERT_TRUE(device.resize(2 * chunk + 1));
    EXPECT_EQ(device.used(), 3 * chunk);
    EXPECT_EQ(device.next_data(0), (Range{0, 2 * chunk + 1}));
    ASSERT_TRUE(device.resize(0));
    EXPECT_EQ(device.used(), 0U);
}

TEST(MemoryDevice, data_that_lies_together_is_one_range) {
    MemoryDevice device(100 * chunk);
    ASSERT_TRUE(device.write(3 * chunk, pattern(4 * chunk)));
    ASSERT_TRUE(device.write(50 * chunk + 7, pattern(1)));
    EXPECT_EQ(device.next_data(0), (Range{3 * chunk, 4 * chunk}));
    EXPECT_EQ(device.next_data(4 * chunk + 1), (Range{4 * chunk + 1, 3 * chunk - 1}));
    EXPECT_EQ(device.next_data(7 * chunk), (Range{50 * chunk, chunk}));
    EXPECT_EQ(device.next_data(51 * chunk), (Range{100 * chunk, 0}));
}

TEST(MemoryDevice, readers_and_writers_of_one_place_see_whole_writes) {
    MemoryDevice device(MiB);
    const Bytes one(1000, std::byte{1});
    const Bytes two(1000, std::byte{2});
    ASSERT_TRUE(device.write(0, one));
    std::jthread writer([&](std::stop_token stop) {
        while (!stop.stop_requested()) {
            EXPECT_TRUE(device.write(0, one));
            EXPECT_TRUE(device.write(0, two));
        }
    });
    for (int round = 0; round < 1000; ++round) {
        const Bytes seen = read_bytes(device, 0, 1000);
        ASSERT_TRUE(seen == one || seen == two);
    }
}

TEST(RegionDevice, a_window_that_leaves_its_device_is_refused) {
    const auto base = std::make_shared<MemoryDevice>(10000);
    EXPECT_TRUE(RegionDevice::open(base, {0, 10000}));
    EXPECT_TRUE(RegionDevice::open(base, {10000, 0}));
    EXPECT_EQ(RegionDevice::open(base, {1, 10000}).error(), std::errc::result_out_of_range);
    EXPECT_EQ(RegionDevice::open(base, {10001, 0}).error(), std::errc::result_out_of_range);
    EXPECT_EQ(RegionDevice::open(base, {4096, ~std::uint64_t{0}}).error(),
              std::errc::result_out_of_range);
}

TEST(RegionDevice, what_lies_around_a_window_is_neither_seen_nor_touched) {
    const auto base = std::make_shared<MemoryDevice>(MiB);
    ASSERT_TRUE(base->write(0, pattern(MiB)));
    const auto region = *RegionDevice::open(base, {100000, 5000});
    ASSERT_TRUE(region->zero({0, 5000}));
    EXPECT_EQ(region->next_data(0)->length, 5000U) << "the chunk below still holds other data";
    EXPECT_TRUE(read_bytes(*base, 0, 100000) == [] {
        Bytes all = pattern(MiB);
        all.resize(100000);
        return all;
    }());
    EXPECT_EQ(read_bytes(*base, 105000, 1)[0], pattern(MiB)[105000]);
}

TEST(RegionDevice, data_past_the_window_is_not_found) {
    const auto base = std::make_shared<MemoryDevice>(100 * chunk);
    ASSERT_TRUE(base->write(20 * chunk, pattern(5 * chunk)));
    const auto before = *RegionDevice::open(base, {chunk, 10 * chunk});
    EXPECT_EQ(before->next_data(0), (Range{10 * chunk, 0}));
    const auto across = *RegionDevice::open(base, {chunk, 21 * chunk});
    EXPECT_EQ(across->next_data(0), (Range{19 * chunk, 2 * chunk}));
}

TEST(RegionDevice, a_window_for_reading_refuses_every_change_and_says_who_it_is) {
    const auto base = std::make_shared<MemoryDevice>(MiB);
    const auto region = RegionDevice::read_only(base);
    EXPECT_FALSE(region->geometry().writable);
    EXPECT_EQ(region->write(0, pattern(1)).error(), std::errc::read_only_file_system);
    EXPECT_EQ(region->write_runs({}).error(), std::errc::read_only_file_system);
    EXPECT_EQ(region->zero({0, 1}).error(), std::errc::read_only_file_system);
    EXPECT_EQ(region->discard({0, 1}).error(), std::errc::read_only_file_system);
    EXPECT_EQ(region->describe(), "memory");
    EXPECT_EQ((*RegionDevice::open(base, {512, 1024}))->describe(), "bytes 512 to 1536 of memory");
}

TEST(RegionDevice, alignment_is_that_of_the_place_in_the_device_below) {
    const auto source = std::make_shared<MemorySource>(MiB, MemorySource::Options{});
    const std::shared_ptr<Device> base = *SourceDevice::open(source);
    EXPECT_EQ(base->geometry().preferred_alignment, 4096U);
    auto alignment_at = [&](std::uint64_t offset) {
        return (*RegionDevice::open(base, {offset, 4096}))->geometry().preferred_alignment;
    };
    EXPECT_EQ(alignment_at(0), 4096U);
    EXPECT_EQ(alignment_at(65536), 4096U);
    EXPECT_EQ(alignment_at(63 * 512), 512U);
}

TEST(SourceDevice, a_source_that_ends_early_is_an_error) {
    const auto source = std::make_shared<MemorySource>(MiB, MemorySource::Options{});
    const auto device = *SourceDevice::open(source);
    ASSERT_TRUE(source->resize(1000));
    Bytes bytes(2000);
    const auto read = device->read(0, bytes);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), std::errc::io_error);
    EXPECT_NE(read.error().sentence().find("ends before byte 1001"), std::string::npos);
}

TEST(SourceDevice, a_source_for_reading_makes_a_device_for_reading) {
    const auto fixed =
        std::make_shared<MemorySource>(MiB, MemorySource::Options{.writable = false});
    const auto one = *SourceDevice::open(fixed);
    EXPECT_FALSE(one->geometry().writable);
    EXPECT_EQ(one->write(0, pattern(1)).error(), std::errc::read_only_file_system);
    const auto open = std::make_shared<MemorySource>(MiB, MemorySource::Options{});
    const auto two = *SourceDevice::open(open, {.read_only = true});
    EXPECT_FALSE(two->geometry().writable);
    EXPECT_EQ(two->resize(0).error(), std::errc::read_only_file_system);
    EXPECT_EQ(two->zero({0, 1}).error(), std::errc::read_only_file_system);
    EXPECT_EQ(two->discard({0, 1}).error(), std::errc::read_only_file_system);
}

}  // namespace

}  // namespace quire::block
