// SPDX-License-Identifier: MIT

// Holes, and space without bytes: lseek(SEEK_DATA, SEEK_HOLE) and fallocate(2).

#include <algorithm>

#include "suite.hpp"

namespace quire::conformance {
namespace {

using fs::AllocateMode;
using fs::SeekTo;

class Holes : public Conformance {
protected:
    /// Data at [0, unit) and [4, 5) units, 8 units long; a unit is a multiple of every block size.
    std::unique_ptr<File> sparse() {
        file("f");
        auto opened = open("f");
        EXPECT_OK(opened->write(0, std::string(unit, 'a')));
        EXPECT_OK(opened->write(4 * unit, std::string(unit, 'b')));
        EXPECT_OK(opened->resize(8 * unit));
        return opened;
    }
    static std::string filled(std::size_t length, char byte) { return std::string(length, byte); }

    static constexpr std::uint64_t unit = 16'384;
};
INSTANTIATE_TEST_SUITE_P(Volumes, Holes, ::testing::ValuesIn(kinds()), kind_name);

TEST_P(Holes, hole_takes_no_space) {
    file("f");
    EXPECT_OK(root->truncate("f", 1 << 30));
    EXPECT_EQ(stat("f").allocated, 0U);
    EXPECT_OK(open("f")->write(1 << 29, "x"));
    EXPECT_LE(stat("f").allocated, 64U << 10U);
    EXPECT_GT(stat("f").allocated, 0U);
}

TEST_P(Holes, data_is_found) {
    const auto opened = sparse();
    EXPECT_EQ(opened->seek(0, SeekTo::data).value_or(99), 0U);
    EXPECT_EQ(opened->seek(7, SeekTo::data).value_or(99), 7U);
    EXPECT_EQ(opened->seek(unit, SeekTo::data).value_or(99), 4 * unit);
    EXPECT_EQ(opened->seek(4 * unit + 9, SeekTo::data).value_or(99), 4 * unit + 9);
}

TEST_P(Holes, holes_are_found) {
    const auto opened = sparse();
    EXPECT_EQ(opened->seek(0, SeekTo::hole).value_or(99), unit);
    EXPECT_EQ(opened->seek(unit + 5, SeekTo::hole).value_or(99), unit + 5);
    EXPECT_EQ(opened->seek(4 * unit, SeekTo::hole).value_or(99), 5 * unit);
    EXPECT_EQ(opened->seek(8 * unit - 1, SeekTo::hole).value_or(99), 8 * unit - 1);
}

TEST_P(Holes, end_of_a_full_file_is_a_hole) {
    file("f", "12345");
    EXPECT_EQ(open("f")->seek(0, SeekTo::hole).value_or(99), 5U);
    EXPECT_EQ(open("f")->seek(4, SeekTo::hole).value_or(99), 5U);
}

TEST_P(Holes, at_the_end_and_behind_it_is_enxio) {
    const auto opened = sparse();
    EXPECT_FAILS(ENXIO, opened->seek(8 * unit, SeekTo::data));
    EXPECT_FAILS(ENXIO, opened->seek(8 * unit, SeekTo::hole));
    EXPECT_FAILS(ENXIO, opened->seek(9 * unit, SeekTo::hole));
    EXPECT_FAILS(ENXIO, opened->seek(5 * unit, SeekTo::data));
}

TEST_P(Holes, empty_file_has_neither) {
    file("f");
    EXPECT_FAILS(ENXIO, open("f")->seek(0, SeekTo::data));
    EXPECT_FAILS(ENXIO, open("f")->seek(0, SeekTo::hole));
}

TEST_P(Holes, file_that_is_all_hole) {
    file("f");
    EXPECT_OK(root->truncate("f", unit));
    EXPECT_EQ(open("f")->seek(0, SeekTo::hole).value_or(99), 0U);
    EXPECT_FAILS(ENXIO, open("f")->seek(0, SeekTo::data));
}

TEST_P(Holes, holes_survive_a_remount) {
    sparse();
    remount();
    const auto opened = open("f");
    EXPECT_EQ(opened->seek(0, SeekTo::hole).value_or(99), unit);
    EXPECT_EQ(opened->seek(unit, SeekTo::data).value_or(99), 4 * unit);
    EXPECT_EQ(content("f").size(), 8 * unit);
}

TEST_P(Holes, many_pieces) {
    file("f");
    const auto opened = open("f");
    for (std::uint64_t i = 0; i < 60; ++i) ASSERT_OK(opened->write(2 * i * unit, "piece"));
    for (std::uint64_t i = 0; i < 60; ++i)
        EXPECT_EQ(opened->read(2 * i * unit, 7).value_or("?").substr(0, 5), "piece");
    for (std::uint64_t i = 0; i < 59; ++i)
        EXPECT_EQ(opened->seek((2 * i + 1) * unit, SeekTo::data).value_or(1), (2 * i + 2) * unit);
}

TEST_P(Holes, writing_zeros_is_data) {
    file("f");
    const auto opened = open("f");
    EXPECT_OK(opened->write(0, filled(unit, '\0')));
    EXPECT_EQ(opened->seek(0, SeekTo::data).value_or(99), 0U);
}

TEST_P(Holes, punched_range_reads_as_zeros_and_frees_space) {
    file("f", filled(6 * unit, 'x'));
    const std::uint64_t before = stat("f").allocated;
    const auto opened = open("f");
    EXPECT_OK(opened->allocate(AllocateMode::punch_hole, 2 * unit, 2 * unit));
    EXPECT_TRUE(content("f") ==
                filled(2 * unit, 'x') + filled(2 * unit, '\0') + filled(2 * unit, 'x'));
    EXPECT_EQ(stat("f").size, 6 * unit);
    // What maps the pieces may take some blocks itself.
    EXPECT_LE(stat("f").allocated, before - unit);
    EXPECT_EQ(opened->seek(0, SeekTo::hole).value_or(99), 2 * unit);
    EXPECT_EQ(opened->seek(2 * unit, SeekTo::data).value_or(99), 4 * unit);
}

TEST_P(Holes, punching_parts_of_blocks) {
    file("f", filled(3 * unit, 'x'));
    EXPECT_OK(open("f")->allocate(AllocateMode::punch_hole, 100, 50));
    EXPECT_OK(open("f")->allocate(AllocateMode::punch_hole, unit - 10, unit + 20));
    std::string expected = filled(3 * unit, 'x');
    std::fill_n(expected.begin() + 100, 50, '\0');
    std::fill_n(expected.begin() + unit - 10, unit + 20, '\0');
    EXPECT_TRUE(content("f") == expected);
}

TEST_P(Holes, punching_behind_the_end_changes_no_size) {
    file("f", "12345");
    EXPECT_OK(open("f")->allocate(AllocateMode::punch_hole, 3, unit));
    EXPECT_TRUE(content("f") == std::string("123\0\0", 5));
    EXPECT_OK(open("f")->allocate(AllocateMode::punch_hole, 10 * unit, unit));
    EXPECT_EQ(stat("f").size, 5U);
}

TEST_P(Holes, whole_file_punched) {
    file("f", filled(4 * unit, 'x'));
    EXPECT_OK(open("f")->allocate(AllocateMode::punch_hole, 0, 4 * unit));
    EXPECT_EQ(stat("f").allocated, 0U);
    EXPECT_TRUE(content("f") == filled(4 * unit, '\0'));
}

TEST_P(Holes, reserving_grows_the_file_with_zeros) {
    NEEDS(traits().fallocate, "it cannot reserve space");
    file("f", "12345");
    EXPECT_OK(open("f")->allocate(AllocateMode::allocate, 0, 3 * unit));
    EXPECT_EQ(stat("f").size, 3 * unit);
    EXPECT_GE(stat("f").allocated, 3 * unit);
    EXPECT_TRUE(content("f") == "12345" + filled(3 * unit - 5, '\0'));
}

TEST_P(Holes, reserving_keeps_what_is_there) {
    NEEDS(traits().fallocate, "it cannot reserve space");
    const auto opened = sparse();
    EXPECT_OK(opened->allocate(AllocateMode::allocate, 0, 8 * unit));
    EXPECT_GE(stat("f").allocated, 8 * unit);
    EXPECT_TRUE(content("f") == filled(unit, 'a') + filled(3 * unit, '\0') + filled(unit, 'b') +
                                    filled(3 * unit, '\0'));
}

TEST_P(Holes, reserving_inside_changes_no_size) {
    NEEDS(traits().fallocate, "it cannot reserve space");
    file("f", filled(3 * unit, 'x'));
    EXPECT_OK(open("f")->allocate(AllocateMode::allocate, 5, unit));
    EXPECT_EQ(stat("f").size, 3 * unit);
    EXPECT_TRUE(content("f") == filled(3 * unit, 'x'));
}

TEST_P(Holes, reserving_behind_the_end_without_growing) {
    NEEDS(traits().keep_size, "it cannot reserve space behind the end");
    file("f", "12345");
    EXPECT_OK(open("f")->allocate(AllocateMode::keep_size, 0, 4 * unit));
    EXPECT_EQ(content("f"), "12345");
    EXPECT_GE(stat("f").allocated, 4 * unit);
    EXPECT_OK(root->truncate("f", 2 * unit));
    EXPECT_TRUE(content("f") == "12345" + filled(2 * unit - 5, '\0'));
    EXPECT_OK(open("f")->write(3 * unit, "x"));
    EXPECT_EQ(stat("f").size, 3 * unit + 1);
}

TEST_P(Holes, cutting_frees_what_was_reserved) {
    NEEDS(traits().keep_size, "it cannot reserve space behind the end");
    file("f");
    EXPECT_OK(open("f")->allocate(AllocateMode::keep_size, 0, 4 * unit));
    EXPECT_GE(stat("f").allocated, 4 * unit);
    EXPECT_OK(root->truncate("f", 0));
    EXPECT_EQ(stat("f").allocated, 0U);
}

TEST_P(Holes, reserved_space_is_a_hole_until_written) {
    NEEDS(traits().keep_size, "its reserved space is written at once");
    file("f");
    const auto opened = open("f");
    EXPECT_OK(opened->allocate(AllocateMode::allocate, 0, 4 * unit));
    EXPECT_FAILS(ENXIO, opened->seek(0, SeekTo::data));
    EXPECT_OK(opened->write(2 * unit, filled(unit, 'x')));
    EXPECT_EQ(opened->seek(0, SeekTo::data).value_or(99), 2 * unit);
    EXPECT_EQ(opened->seek(2 * unit, SeekTo::hole).value_or(99), 3 * unit);
}

TEST_P(Holes, zeroed_range_reads_as_zeros_and_stays_allocated) {
    NEEDS(traits().fallocate && traits().keep_size && traits().zero_range,
          "it cannot make ranges zeros");
    file("f", filled(4 * unit, 'x'));
    EXPECT_OK(open("f")->allocate(AllocateMode::zero_range, unit + 7, unit));
    std::string expected = filled(4 * unit, 'x');
    std::fill_n(expected.begin() + unit + 7, unit, '\0');
    EXPECT_TRUE(content("f") == expected);
    EXPECT_GE(stat("f").allocated, 4 * unit);
}

TEST_P(Holes, zeroed_range_grows_the_file) {
    NEEDS(traits().fallocate && traits().keep_size && traits().zero_range,
          "it cannot make ranges zeros");
    file("f", "12345");
    EXPECT_OK(open("f")->allocate(AllocateMode::zero_range, 3, unit));
    EXPECT_TRUE(content("f") == "123" + filled(unit, '\0'));
}

TEST_P(Holes, nothing_to_reserve_is_einval) {
    file("f");
    EXPECT_FAILS(EINVAL, open("f")->allocate(AllocateMode::allocate, 0, 0));
    EXPECT_FAILS(EINVAL, open("f")->allocate(AllocateMode::punch_hole, 10, 0));
}

TEST_P(Holes, reserving_needs_a_file_open_for_writing) {
    file("f");
    EXPECT_FAILS(EBADF, open("f", false)->allocate(AllocateMode::allocate, 0, 10));
    EXPECT_FAILS(EBADF, open("f", false)->allocate(AllocateMode::punch_hole, 0, 10));
}

TEST_P(Holes, reserving_behind_the_limit_is_efbig) {
    const std::uint64_t largest = traits().largest_file;
    NEEDS(largest != 0 && largest < std::uint64_t{1} << 62U, "its limit is not known or too large");
    file("f");
    EXPECT_FAILS(EFBIG, open("f")->allocate(AllocateMode::allocate, largest, unit));
    EXPECT_EQ(stat("f").size, 0U);
}

TEST_P(Holes, reserving_changes_times) {
    NEEDS(traits().fallocate, "it cannot reserve space");
    file("f");
    const Time old{1'000'000'000, 1};
    EXPECT_OK(root->set_times("f", old, old, Follow::no));
    EXPECT_OK(open("f")->allocate(AllocateMode::allocate, 0, unit));
    EXPECT_GT(stat("f").modify, old);
    EXPECT_OK(root->set_times("f", old, old, Follow::no));
    EXPECT_OK(open("f")->allocate(AllocateMode::punch_hole, 0, unit));
    EXPECT_GT(stat("f").modify, old);
}

}  // namespace
}  // namespace quire::conformance
