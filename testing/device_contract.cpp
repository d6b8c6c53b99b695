// SPDX-License-Identifier: MIT

#include "quire/testing/device_contract.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <thread>

#include "quire/base/units.hpp"

namespace quire::testing {

namespace {

constexpr std::uint64_t far_away = std::numeric_limits<std::uint64_t>::max();

/// Memory whose address is odd.
class OddMemory {
public:
    explicit OddMemory(std::size_t length) : memory_(length + 1), length_(length) {}
    std::span<std::byte> span() { return std::span(memory_).subspan(odd(), length_); }

private:
    std::size_t odd() const { return reinterpret_cast<std::uintptr_t>(memory_.data()) % 2 ^ 1; }
    Bytes memory_;
    std::size_t length_;
};

bool all_zero(const Bytes& bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{}; });
}

}  // namespace

DeviceContract::~DeviceContract() = default;

void DeviceContract::SetUp() {
    device = make(size);
}

std::shared_ptr<block::Device> DeviceContract::make(std::uint64_t bytes) {
    auto made = GetParam().make(bytes);
    if (made) return *made;
    [&] {
        if (made.error() == std::errc::operation_not_supported)
            GTEST_SKIP() << made.error().message();
        FAIL() << made.error().message();
    }();
    return nullptr;
}

void DeviceContract::write(std::uint64_t offset, const Bytes& bytes) {
    const auto written = device->write(offset, bytes);
    ASSERT_TRUE(written) << written.error().message();
}

std::string device_case_name(const ::testing::TestParamInfo<DeviceCase>& info) {
    return info.param.name;
}

TEST_P(DeviceContract, a_new_device_has_its_size_and_reads_as_zeros) {
    const block::Geometry geometry = device->geometry();
    EXPECT_EQ(geometry.size, size);
    EXPECT_TRUE(geometry.writable);
    EXPECT_GE(geometry.preferred_alignment, 512U);
    EXPECT_EQ(geometry.preferred_alignment & (geometry.preferred_alignment - 1), 0U);
    EXPECT_FALSE(device->describe().empty());
    EXPECT_TRUE(all_zero(read(0, size)));
}

TEST_P(DeviceContract, what_was_written_is_read_back_and_neighbours_stay) {
    const Bytes before = pattern(size, 7);
    for (const std::uint64_t offset : {0, 1, 511, 512, 4095, 4096, 4097, 16383, 65536}) {
        for (const std::size_t length : {1, 2, 511, 512, 513, 4096, 4097, 12288, 70001}) {
            SCOPED_TRACE(::testing::Message() << length << " bytes at " << offset);
            write(0, before);
            const Bytes bytes = pattern(length, offset + length);
            write(offset, bytes);
            Bytes expected = before;
            std::ranges::copy(bytes, expected.begin() + static_cast<std::ptrdiff_t>(offset));
            ASSERT_TRUE(read(0, size) == expected);
            ASSERT_TRUE(read(offset, length) == bytes);
        }
    }
}

TEST_P(DeviceContract, memory_may_have_any_address) {
    for (const std::size_t length : {1U, 512U, 4096U, 65536U, 100001U}) {
        OddMemory out(length);
        const Bytes bytes = pattern(length);
        std::ranges::copy(bytes, out.span().begin());
        ASSERT_TRUE(device->write(4096, out.span()));
        OddMemory in(length);
        ASSERT_TRUE(device->read(4096, in.span()));
        EXPECT_TRUE(std::ranges::equal(in.span(), bytes)) << length;
    }
}

TEST_P(DeviceContract, the_last_byte_can_be_read_and_written) {
    write(size - 1, pattern(1));
    EXPECT_EQ(read(size - 1, 1), pattern(1));
    EXPECT_EQ(device->geometry().size, size);
}

TEST_P(DeviceContract, an_empty_transfer_at_the_end_succeeds_and_past_it_fails) {
    EXPECT_TRUE(device->read(size, {}));
    EXPECT_TRUE(device->write(size, {}));
    EXPECT_TRUE(device->read_runs({}));
    EXPECT_TRUE(device->write_runs({}));
    EXPECT_EQ(device->read(size + 1, {}).error(), std::errc::result_out_of_range);
    EXPECT_EQ(device->write(size + 1, {}).error(), std::errc::result_out_of_range);
}

TEST_P(DeviceContract, a_transfer_that_leaves_the_device_fails_and_changes_nothing) {
    const Bytes before = pattern(size);
    write(0, before);
    Bytes two(2);
    for (const std::uint64_t offset : {size - 1, size, size + 4096, far_away - 1, far_away}) {
        SCOPED_TRACE(offset);
        EXPECT_EQ(device->read(offset, two).error(), std::errc::result_out_of_range);
        EXPECT_EQ(device->write(offset, two).error(), std::errc::result_out_of_range);
        EXPECT_EQ(device->zero({offset, 2}).error(), std::errc::result_out_of_range);
        EXPECT_EQ(device->discard({offset, 2}).error(), std::errc::result_out_of_range);
        const block::ReadRun read_run{offset, two};
        EXPECT_EQ(device->read_runs({&read_run, 1}).error(), std::errc::result_out_of_range);
        const block::WriteRun write_run{offset, two};
        EXPECT_EQ(device->write_runs({&write_run, 1}).error(), std::errc::result_out_of_range);
    }
    EXPECT_EQ(device->geometry().size, size);
    EXPECT_TRUE(read(0, size) == before);
}

TEST_P(DeviceContract, runs_in_any_order_land_where_they_belong) {
    const Bytes bytes = pattern(40000);
    const std::span<const std::byte> all(bytes);
    const block::WriteRun runs[] = {
        {20000, all.subspan(20000, 10000)}, {0, all.first(4096)},
        {30000, all.subspan(30000)},        {100, {}},
        {4096, all.subspan(4096, 8192)},    {12288, all.subspan(12288, 7712)}};
    ASSERT_TRUE(device->write_runs(runs));
    EXPECT_TRUE(read(0, 40000) == bytes);

    Bytes back(40000);
    const std::span<std::byte> into(back);
    const block::ReadRun reads[] = {{39999, into.last(1)},
                                    {8192, into.subspan(8192, 31807)},
                                    {1, into.subspan(1, 8191)},
                                    {0, into.first(1)}};
    ASSERT_TRUE(device->read_runs(reads));
    EXPECT_TRUE(back == bytes);
}

TEST_P(DeviceContract, thousands_of_adjacent_runs_are_one_transfer) {
    constexpr std::size_t count = 3000;
    constexpr std::size_t step = 64;
    const Bytes bytes = pattern(count * step);
    Bytes back(count * step);
    std::vector<block::WriteRun> writes;
    std::vector<block::ReadRun> reads;
    for (std::size_t run = 0; run < count; ++run) {
        writes.push_back({512 + run * step, std::span(bytes).subspan(run * step, step)});
        reads.push_back({512 + run * step, std::span(back).subspan(run * step, step)});
    }
    std::ranges::shuffle(writes, std::mt19937(1));
    std::ranges::shuffle(reads, std::mt19937(2));
    ASSERT_TRUE(device->write_runs(writes));
    ASSERT_TRUE(device->read_runs(reads));
    EXPECT_TRUE(back == bytes);
    EXPECT_TRUE(all_zero(read(0, 512)));
}

TEST_P(DeviceContract, overlapping_reads_are_fine) {
    const Bytes bytes = pattern(8192);
    write(0, bytes);
    Bytes one(8192);
    Bytes two(4096);
    const block::ReadRun reads[] = {{2048, two}, {0, one}};
    ASSERT_TRUE(device->read_runs(reads));
    EXPECT_TRUE(one == bytes);
    EXPECT_TRUE(std::equal(two.begin(), two.end(), bytes.begin() + 2048));
}

TEST_P(DeviceContract, a_zeroed_range_reads_as_zeros_and_neighbours_stay) {
    const Bytes before = pattern(size);
    for (const block::Range range :
         {block::Range{0, size}, block::Range{1, 1}, block::Range{100, 300},
          block::Range{4096, 4096}, block::Range{511, 8193}, block::Range{20000, 100000},
          block::Range{size - 3, 3}, block::Range{size, 0}, block::Range{5, 0}}) {
        SCOPED_TRACE(::testing::Message() << range.length << " bytes at " << range.offset);
        write(0, before);
        const auto zeroed = device->zero(range);
        ASSERT_TRUE(zeroed) << zeroed.error().message();
        Bytes expected = before;
        std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(range.offset), range.length,
                    std::byte{});
        ASSERT_TRUE(read(0, size) == expected);
    }
}

TEST_P(DeviceContract, a_discarded_range_reads_as_zeros_or_as_before_and_neighbours_stay) {
    const Bytes before = pattern(size);
    for (const block::Range range : {block::Range{8192, 65536}, block::Range{1000, 3000},
                                     block::Range{0, 0}, block::Range{0, size}}) {
        write(0, before);
        const auto discarded = device->discard(range);
        ASSERT_TRUE(discarded) << discarded.error().message();
        const Bytes after = read(0, size);
        for (std::size_t at = 0; at < size; ++at) {
            const bool inside = at >= range.offset && at < range.offset + range.length;
            ASSERT_TRUE(after[at] == before[at] || (inside && after[at] == std::byte{})) << at;
        }
    }
}

TEST_P(DeviceContract, next_data_passes_over_nothing_but_zeros) {
    Bytes expected(size);
    for (const std::uint64_t offset : {70000, 70001, 180000}) {
        write(offset, pattern(5));
        std::ranges::copy(pattern(5), expected.begin() + static_cast<std::ptrdiff_t>(offset));
    }
    std::vector<bool> found(size);
    std::uint64_t at = 0;
    while (at < size) {
        const auto data = device->next_data(at);
        ASSERT_TRUE(data) << data.error().message();
        if (data->length == 0) break;
        ASSERT_GE(data->offset, at);
        ASSERT_LE(data->offset + data->length, size);
        for (std::uint64_t byte = 0; byte < data->length; ++byte) found[data->offset + byte] = true;
        at = data->offset + data->length;
    }
    for (std::size_t byte = 0; byte < size; ++byte)
        ASSERT_TRUE(found[byte] || expected[byte] == std::byte{}) << byte;
}

TEST_P(DeviceContract, next_data_answers_at_the_end_and_not_past_it) {
    const auto at_end = device->next_data(size);
    ASSERT_TRUE(at_end);
    EXPECT_EQ(at_end->length, 0U);
    EXPECT_EQ(device->next_data(size + 1).error(), std::errc::result_out_of_range);
    EXPECT_EQ(device->next_data(far_away).error(), std::errc::result_out_of_range);
}

TEST_P(DeviceContract, flush_succeeds_and_changes_nothing) {
    EXPECT_TRUE(device->flush());
    write(123, pattern(4567));
    EXPECT_TRUE(device->flush());
    EXPECT_TRUE(read(123, 4567) == pattern(4567));
}

TEST_P(DeviceContract, a_resize_is_refused_or_its_new_bytes_are_zero) {
    if (!GetParam().resizable) {
        EXPECT_EQ(device->resize(2 * size).error(), std::errc::operation_not_supported);
        EXPECT_EQ(device->geometry().size, size);
        return;
    }
    const Bytes before = pattern(size);
    write(0, before);
    for (const std::uint64_t smaller : {size - 4096, size - 5000, std::uint64_t{12345}}) {
        ASSERT_TRUE(device->resize(smaller));
        EXPECT_EQ(device->geometry().size, smaller);
        Bytes one(1);
        EXPECT_EQ(device->read(smaller, one).error(), std::errc::result_out_of_range);
        ASSERT_TRUE(device->resize(size));
        EXPECT_TRUE(std::ranges::equal(read(0, smaller), std::span(before).first(smaller)));
        EXPECT_TRUE(all_zero(read(smaller, size - smaller)));
    }
    ASSERT_TRUE(device->resize(0));
    EXPECT_TRUE(device->next_data(0));
    ASSERT_TRUE(device->resize(size));
    EXPECT_TRUE(all_zero(read(0, size)));
}

TEST_P(DeviceContract, sixteen_tebibytes_work_and_are_sparse) {
    if (!GetParam().sparse) GTEST_SKIP() << "this kind of device has no holes";
    // Less the last block: that is the largest file of ext4 with 4 KiB blocks.
    constexpr std::uint64_t huge = 16 * TiB - 4096;
    device = make(huge);
    if (!device) return;
    write(huge - 5000, pattern(5000));
    write(8 * TiB + 1, pattern(100));
    EXPECT_TRUE(read(huge - 5000, 5000) == pattern(5000));
    EXPECT_TRUE(read(8 * TiB + 1, 100) == pattern(100));
    auto data = device->next_data(0);
    ASSERT_TRUE(data);
    EXPECT_GT(data->offset, 8 * TiB - MiB);
    EXPECT_LE(data->offset, 8 * TiB + 1);
    ASSERT_TRUE(device->zero({1, huge - 2}));
    EXPECT_TRUE(all_zero(read(8 * TiB, MiB)));
    EXPECT_EQ(read(huge - 1, 1), Bytes{pattern(5000).back()});
}

TEST_P(DeviceContract, random_operations_agree_with_plain_memory) {
    std::mt19937_64 random(20260101);
    Bytes model(size);
    for (int step = 0; step < 1500; ++step) {
        const std::uint64_t offset = random() % size;
        const std::size_t most = random() % 4 == 0 ? size : 9000;
        const std::size_t length = random() % (std::min<std::uint64_t>(most, size - offset) + 1);
        const auto place = model.begin() + static_cast<std::ptrdiff_t>(offset);
        SCOPED_TRACE(::testing::Message()
                     << "step " << step << ", " << length << " bytes at " << offset);
        switch (random() % 4) {
            case 0:
                ASSERT_TRUE(device->zero({offset, length}));
                std::fill_n(place, length, std::byte{});
                break;
            case 1:
            case 2: {
                const Bytes bytes = pattern(length, random());
                ASSERT_TRUE(device->write(offset, bytes));
                std::ranges::copy(bytes, place);
                break;
            }
            default:
                ASSERT_TRUE(std::ranges::equal(read(offset, length), std::span(place, length)));
        }
    }
    EXPECT_TRUE(read(0, size) == model);
}

TEST_P(DeviceContract, threads_that_write_next_to_each_other_lose_nothing) {
    constexpr std::size_t threads = 4;
    constexpr std::size_t stripe = 100;
    constexpr std::size_t rounds = 150;
    // Neighbours share every block, and each thread checks what it has just written.
    auto work = [&](std::size_t self) {
        const Bytes bytes = pattern(stripe, self);
        for (std::size_t round = 0; round < rounds; ++round) {
            const std::uint64_t offset = (round * threads + self) * stripe;
            ASSERT_TRUE(device->write(offset, bytes));
            ASSERT_TRUE(read(offset, stripe) == bytes);
        }
    };
    std::vector<std::jthread> running;
    for (std::size_t self = 0; self < threads; ++self) running.emplace_back(work, self);
    running.clear();
    for (std::size_t at = 0; at < rounds * threads; ++at)
        ASSERT_TRUE(read(at * stripe, stripe) == pattern(stripe, at % threads)) << at;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DeviceContract);

}  // namespace quire::testing
