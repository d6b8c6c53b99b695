// SPDX-License-Identifier: MIT

// The bytes of files: reading, writing, growing, cutting.

#include <algorithm>
#include <array>
#include <random>

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(Files);

std::string pattern(std::size_t length, unsigned seed = 1) {
    std::minstd_rand random(seed);
    std::string bytes(length, '\0');
    for (char& byte : bytes) byte = static_cast<char>(1 + random() % 255);
    return bytes;
}

std::string zeros(std::size_t length) {
    return std::string(length, '\0');
}

TEST_P(Files, new_file_is_empty) {
    file("f");
    const fs::Attributes attributes = stat("f");
    EXPECT_EQ(attributes.size, 0U);
    EXPECT_EQ(attributes.allocated, 0U);
    EXPECT_EQ(attributes.links, 1U);
    EXPECT_EQ(open("f")->read(0, 10).value_or("?"), "");
}

TEST_P(Files, what_was_written_is_read_back) {
    file("f");
    for (const std::size_t length : {1U, 511U, 1024U, 4095U, 4096U, 4097U, 70'000U}) {
        const std::string bytes = pattern(length);
        const auto opened = open("f");
        EXPECT_OK(opened->resize(0));
        EXPECT_EQ(opened->write(0, bytes).value_or(0), length);
        EXPECT_EQ(opened->attributes()->size, length);
        EXPECT_TRUE(opened->read(0, length + 10).value_or("") == bytes);
    }
}

TEST_P(Files, writes_at_every_offset_leave_their_neighbours) {
    std::string expected = pattern(13'000);
    file("f", expected);
    const auto opened = open("f");
    unsigned seed = 2;
    for (const std::size_t at : {0U, 1U, 1023U, 1024U, 1025U, 4095U, 4096U, 8191U, 12'999U}) {
        for (const std::size_t length : {1U, 2U, 1024U, 4096U, 5000U}) {
            const std::string bytes = pattern(length, ++seed);
            if (expected.size() < at + length) expected.resize(at + length);
            std::ranges::copy(bytes, expected.begin() + static_cast<std::ptrdiff_t>(at));
            ASSERT_EQ(opened->write(at, bytes).value_or(0), length);
            ASSERT_TRUE(opened->read(0, expected.size() + 1).value_or("") == expected);
        }
    }
}

TEST_P(Files, reads_at_every_offset) {
    const std::string bytes = pattern(9000);
    file("f", bytes);
    const auto opened = open("f", false);
    for (const std::size_t at : {0U, 1U, 1023U, 1024U, 4095U, 4096U, 4097U, 8999U})
        for (const std::size_t length : {1U, 1024U, 4097U, 9000U})
            EXPECT_TRUE(opened->read(at, length).value_or("?") == bytes.substr(at, length));
}

TEST_P(Files, reading_at_the_end_and_behind_it_gives_nothing) {
    file("f", "12345");
    const auto opened = open("f", false);
    EXPECT_EQ(opened->read(5, 10).value_or("?"), "");
    EXPECT_EQ(opened->read(6, 10).value_or("?"), "");
    EXPECT_EQ(opened->read(1 << 30, 10).value_or("?"), "");
    EXPECT_EQ(opened->read(3, 10).value_or("?"), "45");
}

TEST_P(Files, reading_and_writing_nothing) {
    file("f", "12345");
    const auto opened = open("f");
    EXPECT_EQ(opened->read(0, 0).value_or("?"), "");
    EXPECT_EQ(opened->write(0, "").value_or(1), 0U);
    EXPECT_EQ(opened->write(100'000, "").value_or(1), 0U);
    EXPECT_EQ(stat("f").size, 5U);
}

TEST_P(Files, writing_behind_the_end_leaves_zeros) {
    file("f", "12345");
    EXPECT_OK(open("f")->write(10'000, "x"));
    EXPECT_TRUE(content("f") == "12345" + zeros(9995) + "x");
}

TEST_P(Files, appending_in_small_pieces) {
    file("f");
    const auto opened = open("f");
    const std::string whole = pattern(20'000);
    for (std::size_t at = 0; at < whole.size(); at += 97)
        ASSERT_OK(opened->write(at, std::string_view(whole).substr(at, 97)));
    EXPECT_TRUE(content("f") == whole);
}

TEST_P(Files, writing_backwards) {
    file("f");
    const auto opened = open("f");
    const std::string whole = pattern(40'960);
    for (std::size_t at = whole.size(); at > 0; at -= 1024)
        ASSERT_OK(opened->write(at - 1024, std::string_view(whole).substr(at - 1024, 1024)));
    EXPECT_TRUE(content("f") == whole);
}

TEST_P(Files, large_file_survives_a_remount) {
    const std::string bytes = pattern(1'500'000);
    file("f", bytes);
    remount();
    EXPECT_TRUE(content("f") == bytes);
}

TEST_P(Files, one_write_of_a_megabyte_is_whole) {
    file("f");
    EXPECT_EQ(open("f")->write(3, pattern(1 << 20)).value_or(0), 1U << 20U);
}

TEST_P(Files, cutting_keeps_the_beginning) {
    const std::string bytes = pattern(10'000);
    file("f", bytes);
    for (const std::size_t size : {9999U, 8192U, 8191U, 4097U, 4096U, 1024U, 5U, 1U, 0U}) {
        EXPECT_OK(root->truncate("f", size));
        EXPECT_TRUE(content("f") == bytes.substr(0, size));
    }
    EXPECT_EQ(stat("f").allocated, 0U);
}

TEST_P(Files, growing_adds_zeros) {
    file("f", "12345");
    for (const std::size_t size : {6U, 1024U, 4096U, 4097U, 100'000U}) {
        EXPECT_OK(root->truncate("f", size));
        EXPECT_TRUE(content("f") == "12345" + zeros(size - 5));
    }
}

TEST_P(Files, cut_bytes_do_not_come_back) {
    for (const std::size_t cut : {0U, 1U, 1000U, 1024U, 4000U, 4096U, 5000U}) {
        SCOPED_TRACE(cut);
        file("f", pattern(9000));
        EXPECT_OK(root->truncate("f", cut));
        EXPECT_OK(root->truncate("f", 9000));
        EXPECT_TRUE(content("f") == pattern(9000).substr(0, cut) + zeros(9000 - cut));
        EXPECT_OK(root->unlink("f"));
    }
}

TEST_P(Files, cut_bytes_do_not_come_back_by_a_write_behind) {
    for (const std::size_t cut : {1U, 1000U, 4000U, 5000U}) {
        file("f", pattern(9000));
        const auto opened = open("f");
        EXPECT_OK(opened->resize(cut));
        EXPECT_OK(opened->write(8000, "x"));
        EXPECT_TRUE(content("f") == pattern(9000).substr(0, cut) + zeros(8000 - cut) + "x");
        EXPECT_OK(root->unlink("f"));
    }
}

TEST_P(Files, cut_bytes_do_not_come_back_by_reserving) {
    NEEDS(traits().fallocate, "it cannot reserve space");
    file("f", pattern(3000));
    const auto opened = open("f");
    EXPECT_OK(opened->resize(100));
    EXPECT_OK(opened->allocate(fs::AllocateMode::allocate, 0, 6000));
    EXPECT_TRUE(content("f") == pattern(3000).substr(0, 100) + zeros(5900));
}

TEST_P(Files, resize_to_its_size_changes_no_bytes) {
    file("f", "12345");
    EXPECT_OK(root->truncate("f", 5));
    EXPECT_EQ(content("f"), "12345");
}

TEST_P(Files, resize_of_anything_else) {
    directory("d");
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_FAILS(EISDIR, root->truncate("d", 0));
    EXPECT_FAILS(EINVAL, root->truncate("p", 0));
}

TEST_P(Files, descriptor_does_what_it_was_opened_for) {
    file("f", "12345");
    const auto reading = root->open("f", {.read = true, .write = false});
    ASSERT_OK(reading);
    EXPECT_FAILS(EBADF, (*reading)->write(0, "x"));
    EXPECT_FAILS(EINVAL, (*reading)->resize(0));
    const auto writing = root->open("f", {.read = false, .write = true});
    ASSERT_OK(writing);
    EXPECT_FAILS(EBADF, (*writing)->read(0, 1));
    EXPECT_OK((*writing)->write(0, "x"));
    EXPECT_EQ(content("f"), "x2345");
}

TEST_P(Files, largest_size_is_reached_and_not_passed) {
    const std::uint64_t largest = traits().largest_file;
    NEEDS(largest != 0, "its limit is not known");
    file("f");
    EXPECT_OK(root->truncate("f", largest));
    EXPECT_EQ(stat("f").size, largest);
    if (largest < std::uint64_t{1} << 62U) {
        EXPECT_FAILS(EFBIG, root->truncate("f", largest + 1));
    }
    EXPECT_OK(root->truncate("f", 1));
    EXPECT_EQ(stat("f").allocated, 0U);
}

TEST_P(Files, last_byte_of_the_largest_file) {
    const std::uint64_t largest = traits().largest_file;
    NEEDS(largest != 0, "its limit is not known");
    file("f");
    const auto opened = open("f");
    EXPECT_EQ(opened->write(largest - 1, "x").value_or(0), 1U);
    EXPECT_EQ(opened->read(largest - 1, 1).value_or("?"), "x");
    EXPECT_EQ(opened->read(0, 10).value_or("?"), zeros(10));
    EXPECT_EQ(stat("f").size, largest);
    EXPECT_FAILS(EFBIG, opened->write(largest, "x"));
}

TEST_P(Files, write_across_the_limit_is_cut) {
    const std::uint64_t largest = traits().largest_file;
    NEEDS(largest != 0 && largest < std::uint64_t{1} << 62U, "its limit is not known or too large");
    file("f");
    const auto opened = open("f");
    EXPECT_EQ(opened->write(largest - 10, std::string(20, 'x')).value_or(0), 10U);
    EXPECT_EQ(stat("f").size, largest);
}

TEST_P(Files, writing_changes_modify_and_change_times) {
    file("f", "12345");
    const Time old{1'000'000'000, 1};
    EXPECT_OK(root->set_times("f", old, old, Follow::no));
    const Time before = stat("f").change;
    EXPECT_OK(open("f")->write(0, "x"));
    EXPECT_GT(stat("f").modify, old);
    EXPECT_EQ(stat("f").access, old);
    expect_later(stat("f").change, before);
}

TEST_P(Files, resizing_changes_modify_and_change_times) {
    file("f", "12345");
    const Time old{1'000'000'000, 1};
    for (const std::uint64_t size : {10U, 3U, 3U}) {
        EXPECT_OK(root->set_times("f", old, old, Follow::no));
        EXPECT_OK(root->truncate("f", size));
        EXPECT_GT(stat("f").modify, old) << size;
    }
}

TEST_P(Files, reading_changes_no_modify_time) {
    file("f", "12345");
    const Time old{1'000'000'000, 1};
    EXPECT_OK(root->set_times("f", old, old, Follow::no));
    const Time change = stat("f").change;
    EXPECT_EQ(content("f"), "12345");
    EXPECT_EQ(stat("f").modify, old);
    EXPECT_EQ(stat("f").change, change);
}

TEST_P(Files, two_descriptors_see_each_other) {
    file("f");
    const auto one = open("f");
    const auto two = open("f");
    EXPECT_OK(one->write(0, "one"));
    EXPECT_EQ(two->read(0, 10).value_or("?"), "one");
    EXPECT_OK(two->resize(1));
    EXPECT_EQ(one->attributes()->size, 1U);
    EXPECT_EQ(one->read(0, 10).value_or("?"), "o");
}

TEST_P(Files, sync_succeeds_on_everything) {
    directory("d");
    file("d/f", "x");
    EXPECT_OK(open("d/f")->sync());
    EXPECT_OK(open("d", false)->sync());
    EXPECT_OK(root->sync());
}

TEST_P(Files, random_writes_and_cuts_match_a_string) {
    file("f");
    const auto opened = open("f");
    std::string expected;
    std::minstd_rand random(7);
    for (int i = 0; i < 200; ++i) {
        const std::size_t at = random() % 30'000;
        if (random() % 4 == 0) {
            ASSERT_OK(opened->resize(at));
            expected.resize(at);
            continue;
        }
        const std::string bytes = pattern(1 + random() % 6000, static_cast<unsigned>(i + 1));
        expected.resize(std::max(expected.size(), at + bytes.size()));
        std::ranges::copy(bytes, expected.begin() + static_cast<std::ptrdiff_t>(at));
        ASSERT_EQ(opened->write(at, bytes).value_or(0), bytes.size());
    }
    EXPECT_TRUE(content("f") == expected);
}

}  // namespace
}  // namespace quire::conformance
