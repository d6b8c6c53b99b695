// SPDX-License-Identifier: MIT

#include "quire/testing/crash_states.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "quire/base/units.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/testing/image.hpp"
#include "quire/testing/overlay_device.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::testing {

namespace {

using block::MemoryDevice;

constexpr std::uint64_t size = 64 * KiB;

/// A device of numbered sectors: a write fills sectors with one byte.
class CrashStatesTest : public ::testing::Test {
protected:
    void write(std::uint64_t sector, int value, std::uint64_t count = 1) {
        const Bytes bytes(count * 512, static_cast<std::byte>(value));
        ASSERT_TRUE(recording.write(sector * 512, bytes));
    }
    void visit(const CrashOptions& options, const std::function<void(const CrashState&)>& look) {
        const auto visited = visit_crash_states(base, recording.log(), options, [&](auto& state) {
            look(state);
            return true;
        });
        ASSERT_TRUE(visited) << visited.error().message();
    }
    /// The first byte of each of the first sectors.
    static std::string sectors(block::Device& device, std::size_t count) {
        std::string result;
        for (std::size_t sector = 0; sector < count; ++sector) {
            const Bytes bytes = read_bytes(device, sector * 512, 512);
            EXPECT_TRUE(std::ranges::all_of(bytes, [&](auto byte) { return byte == bytes[0]; }));
            result += bytes[0] == std::byte{} ? '.' : static_cast<char>(bytes[0]);
        }
        return result;
    }
    std::set<std::string> images(const CrashOptions& options, std::size_t count) {
        std::set<std::string> result;
        visit(options,
              [&](const CrashState& state) { result.insert(sectors(state.device, count)); });
        return result;
    }

    std::shared_ptr<MemoryDevice> base = std::make_shared<MemoryDevice>(size);
    std::shared_ptr<MemoryDevice> live = std::make_shared<MemoryDevice>(size);
    RecordingDevice recording{live};
};

constexpr CrashOptions prefixes_only{
    .tears_per_write = 0, .single_changes = false, .samples_per_epoch = 0};

TEST_F(CrashStatesTest, without_changes_there_is_nothing_to_visit) {
    ASSERT_TRUE(recording.flush());
    recording.mark("done");
    EXPECT_EQ(count_crash_states(recording.log(), {}), 0U);
}

TEST_F(CrashStatesTest, every_prefix_is_visited_in_order) {
    write(0, 'a');
    write(1, 'b');
    ASSERT_TRUE(recording.flush());
    write(0, 'c');
    std::vector<std::string> seen;
    visit(prefixes_only,
          [&](const CrashState& state) { seen.push_back(sectors(state.device, 2)); });
    EXPECT_EQ(seen, (std::vector<std::string>{"..", "a.", "ab", "cb"}));
    EXPECT_EQ(sectors(*live, 2), "cb");
    EXPECT_EQ(sectors(*base, 2), "..") << "the base is not touched";
}

TEST_F(CrashStatesTest, every_subset_of_a_small_epoch_is_found_and_flushed_changes_stay) {
    write(0, 'a');
    ASSERT_TRUE(recording.flush());
    write(1, 'b');
    write(2, 'c');
    write(3, 'd');
    ASSERT_TRUE(recording.flush());
    write(0, 'e');
    EXPECT_EQ(images({.samples_per_epoch = 200}, 4),
              (std::set<std::string>{"....", "a...", "ab..", "a.c.", "a..d", "abc.", "ab.d", "a.cd",
                                     "abcd", "ebcd"}));
}

TEST_F(CrashStatesTest, of_two_writes_to_one_sector_the_earlier_never_wins_over_the_later) {
    write(0, 'a');
    write(1, 'x');
    write(0, 'b');
    // "a" with the later one missing, "b" with or without the earlier one.
    EXPECT_EQ(images({.samples_per_epoch = 100}, 2),
              (std::set<std::string>{"..", "a.", "ax", ".x", "b.", "bx"}));
}

TEST_F(CrashStatesTest, a_long_write_is_torn_between_sectors) {
    write(0, 'a', 4);
    EXPECT_EQ(images({.tears_per_write = 10}, 4),
              (std::set<std::string>{"....", "a...", "aa..", "aaa.", "aaaa"}));
    EXPECT_EQ(images({.sector = 4096, .tears_per_write = 10}, 4),
              (std::set<std::string>{"....", "aaaa"}));
}

TEST_F(CrashStatesTest, a_write_across_sectors_is_torn_at_their_bounds) {
    ASSERT_TRUE(recording.write(500, pattern(1000)));
    std::set<std::uint64_t> lengths;
    visit({.tears_per_write = 10}, [&](const CrashState& state) {
        const Bytes bytes = read_bytes(state.device, 500, 1000);
        const auto end = std::ranges::find(bytes, std::byte{});
        lengths.insert(static_cast<std::uint64_t>(end - bytes.begin()));
    });
    EXPECT_EQ(lengths, (std::set<std::uint64_t>{0, 12, 524, 1000}));
}

TEST_F(CrashStatesTest, samples_leave_holes_in_long_writes) {
    write(0, 'a', 4);
    write(4, 'b');
    const auto seen = images({.samples_per_epoch = 4000}, 5);
    EXPECT_TRUE(seen.contains("a.aa."));
    EXPECT_TRUE(seen.contains("...ab"));
}

TEST_F(CrashStatesTest, zeros_and_discards_are_changes) {
    ASSERT_TRUE(base->write(0, Bytes(2048, std::byte{'x'})));
    ASSERT_TRUE(live->write(0, Bytes(2048, std::byte{'x'})));
    ASSERT_TRUE(recording.zero({0, 1024}));
    ASSERT_TRUE(recording.discard({1536, 512}));
    EXPECT_EQ(images({.tears_per_write = 9, .samples_per_epoch = 0}, 4),
              (std::set<std::string>{"xxxx", ".xxx", "..xx", "..x.", "xxx."}));
}

TEST_F(CrashStatesTest, a_state_knows_which_marks_had_been_passed) {
    write(0, 'a');
    ASSERT_TRUE(recording.flush());
    recording.mark("one");
    write(1, 'b');
    ASSERT_TRUE(recording.flush());
    recording.mark("two");
    std::map<std::string, std::size_t> marks;
    visit({}, [&](const CrashState& state) {
        marks[sectors(state.device, 2)] = state.marks.size();
        if (!state.marks.empty()) {
            EXPECT_EQ(state.marks[0], "one");
        }
    });
    // With nothing written after a mark, the state after it is the one that must keep its promise.
    EXPECT_EQ(marks, (std::map<std::string, std::size_t>{{"..", 0}, {"a.", 1}, {"ab", 2}}));
}

TEST_F(CrashStatesTest, changes_that_a_visitor_makes_are_forgotten) {
    write(0, 'a');
    write(1, 'b');
    visit({}, [&](const CrashState& state) {
        EXPECT_EQ(sectors(state.device, 3)[2], '.');
        ASSERT_TRUE(state.device.write(1024, Bytes(512, std::byte{'v'})));
        EXPECT_EQ(sectors(state.device, 3)[2], 'v');
    });
}

TEST_F(CrashStatesTest, the_same_seed_visits_the_same_states_whole_or_in_shards_or_alone) {
    for (int value = 0; value < 20; ++value) {
        write(static_cast<std::uint64_t>(value % 7), 'a' + value, 2);
        if (value == 12) {
            ASSERT_TRUE(recording.flush());
        }
    }
    auto look = [&](const CrashOptions& options) {
        std::map<std::size_t, std::string> result;
        visit(options, [&](const CrashState& state) {
            result[state.number] = state.name + sectors(state.device, 9);
        });
        return result;
    };
    const auto all = look({.seed = 5});
    EXPECT_EQ(all.size(), count_crash_states(recording.log(), {.seed = 5}));
    EXPECT_EQ(all, look({.seed = 5}));
    EXPECT_NE(all, look({.seed = 6}));

    std::map<std::size_t, std::string> together;
    for (std::size_t shard = 0; shard < 3; ++shard)
        together.merge(look({.seed = 5, .shard = shard, .shards = 3}));
    EXPECT_EQ(all, together);

    const std::map<std::size_t, std::string> one{*all.find(17)};
    EXPECT_EQ(look({.seed = 5, .only = 17}), one);
}

TEST_F(CrashStatesTest, a_visitor_can_stop) {
    write(0, 'a');
    write(1, 'b');
    int visits = 0;
    ASSERT_TRUE(visit_crash_states(base, recording.log(), {},
                                   [&](const CrashState&) { return ++visits < 2; }));
    EXPECT_EQ(visits, 2);
}

TEST_F(CrashStatesTest, thousands_of_states_of_a_large_image_are_cheap) {
    constexpr std::uint64_t large = 64 * MiB;
    const auto original = std::make_shared<MemoryDevice>(large);
    ASSERT_TRUE(original->write(0, pattern(4 * MiB)));
    RecordingDevice device(*snapshot(*original));
    for (std::uint64_t change = 0; change < 1500; ++change) {
        ASSERT_TRUE(device.write(change * 7919 % (large / 4096) * 4096, pattern(4096, change)));
        if (change % 30 == 29) {
            ASSERT_TRUE(device.flush());
        }
    }
    std::size_t visited = 0;
    ASSERT_TRUE(visit_crash_states(original, device.log(), {.samples_per_epoch = 100},
                                   [&](const CrashState& state) {
                                       ++visited;
                                       return state.device.zero({0, 4096}).has_value();
                                   }));
    EXPECT_GE(visited, 10000U);
}

TEST_F(CrashStatesTest, a_state_becomes_a_sparse_file_for_other_programs) {
    write(100, 'a');
    const TemporaryDirectory directory;
    int number = 0;
    visit({}, [&](const CrashState& state) {
        const auto path = directory / "image";
        ASSERT_TRUE(write_image(state.device, path));
        struct stat status{};
        ASSERT_EQ(::stat(path.c_str(), &status), 0);
        EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), size);
        if (number++ == 0) {
            EXPECT_EQ(status.st_blocks, 0);
        }
    });
    EXPECT_EQ(number, 2);
}

}  // namespace

}  // namespace quire::testing
