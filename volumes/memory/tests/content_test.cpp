// SPDX-License-Identifier: MIT

#include "content.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quire::memory {
namespace {

constexpr std::uint64_t page = Content::page_size;

std::span<const std::byte> bytes(const std::string& text) {
    return std::as_bytes(std::span(text));
}

std::string read(const Content& content, std::uint64_t offset, std::size_t length) {
    std::string text(length, '?');
    text.resize(content.read(offset, std::as_writable_bytes(std::span(text))));
    return text;
}

class ContentTest : public ::testing::Test {
protected:
    std::shared_ptr<Space> space = std::make_shared<Space>(16 * page);
    Content content{space};
};

TEST_F(ContentTest, write_across_pages_reads_back) {
    const std::string text(3 * page, 'x');
    ASSERT_EQ(content.write(page - 1, bytes(text)), text.size());
    EXPECT_EQ(content.size(), 4 * page - 1);
    EXPECT_EQ(read(content, page - 2, text.size() + 9), std::string(1, '\0') + text);
    EXPECT_EQ(content.allocated(), 4 * page);
}

TEST_F(ContentTest, growing_after_shrinking_shows_zeros) {
    ASSERT_TRUE(content.write(0, bytes("abcdef")));
    content.resize(2);
    content.resize(6);
    EXPECT_EQ(read(content, 0, 6), std::string("ab\0\0\0\0", 6));
}

TEST_F(ContentTest, shrinking_frees_pages) {
    ASSERT_TRUE(content.write(0, bytes(std::string(8 * page, 'x'))));
    content.resize(page);
    EXPECT_EQ(space->used(), page);
    content.resize(0);
    EXPECT_EQ(space->used(), 0U);
}

TEST_F(ContentTest, write_stops_where_space_ends) {
    ASSERT_EQ(content.write(page / 2, bytes(std::string(20 * page, 'x'))), 15 * page + page / 2);
    EXPECT_EQ(content.size(), 16 * page);
    const auto more = content.write(16 * page, bytes("x"));
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error(), std::errc::no_space_on_device);
    EXPECT_EQ(content.size(), 16 * page);
}

TEST_F(ContentTest, punching_inside_one_page_clears_only_the_range) {
    ASSERT_TRUE(content.write(0, bytes("abcdef")));
    content.punch({1, 3});
    EXPECT_EQ(read(content, 0, 6), std::string("a\0\0\0ef", 6));
    EXPECT_EQ(content.allocated(), page);
}

TEST_F(ContentTest, punching_frees_whole_pages_and_clears_edges) {
    const std::string text(4 * page, 'x');
    ASSERT_TRUE(content.write(0, bytes(text)));
    content.punch({page - 2, 2 * page + 4});
    EXPECT_EQ(content.allocated(), 2 * page);
    EXPECT_EQ(
        read(content, 0, text.size()),
        std::string(page - 2, 'x') + std::string(2 * page + 4, '\0') + std::string(page - 2, 'x'));
}

TEST_F(ContentTest, reserved_pages_are_holes_to_seekers) {
    content.resize(4 * page);
    ASSERT_TRUE(content.reserve({page, page}));
    EXPECT_EQ(content.next_data(0), std::nullopt);
    EXPECT_EQ(content.allocated(), page);
    ASSERT_TRUE(content.write(page + 7, bytes("x")));
    EXPECT_EQ(content.next_data(0), page);
    EXPECT_EQ(content.next_data(page + 9), page + 9);
    EXPECT_EQ(content.next_hole(page + 9), 2 * page);
    EXPECT_EQ(content.next_data(2 * page), std::nullopt);
}

TEST_F(ContentTest, reserving_more_than_there_is_takes_nothing) {
    EXPECT_FALSE(content.reserve({0, 1ULL << 60U}));
    EXPECT_EQ(space->used(), 0U);
}

TEST_F(ContentTest, zeroed_range_stays_reserved) {
    ASSERT_TRUE(content.write(0, bytes(std::string(3 * page, 'x'))));
    ASSERT_TRUE(content.zero({1, 2 * page}));
    EXPECT_EQ(content.allocated(), 3 * page);
    EXPECT_EQ(read(content, 0, 2 * page + 2), "x" + std::string(2 * page, '\0') + "x");
    EXPECT_EQ(content.next_hole(0), page);
}

}  // namespace
}  // namespace quire::memory
