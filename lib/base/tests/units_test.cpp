// SPDX-License-Identifier: MIT

#include "quire/base/units.hpp"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(Size, parses_binary_and_decimal_multiples) {
    EXPECT_EQ(*parse_size("0"), 0u);
    EXPECT_EQ(*parse_size("512"), 512u);
    EXPECT_EQ(*parse_size("4K"), 4096u);
    EXPECT_EQ(*parse_size("1MiB"), MiB);
    EXPECT_EQ(*parse_size("16T"), 16 * TiB);
    EXPECT_EQ(*parse_size("2kB"), 2000u);
}

TEST(Size, refuses_everything_else) {
    for (auto text : {"", "K", "-1", "+1", " 1", "1 K", "1X", "1KK", "0x10", "1.5G"})
        EXPECT_EQ(parse_size(text).error(), std::errc::invalid_argument) << text;
    EXPECT_EQ(parse_size("9223372036854775808").error(), std::errc::result_out_of_range);
    EXPECT_EQ(parse_size("99999999999999999999").error(), std::errc::result_out_of_range);
    EXPECT_EQ(parse_size("9007199254740992K").error(), std::errc::result_out_of_range);
}

TEST(Size, reads_well) {
    EXPECT_EQ(human_size(0), "0");
    EXPECT_EQ(human_size(1023), "1023");
    EXPECT_EQ(human_size(1536), "1.5K");
    EXPECT_EQ(human_size(38 * MiB), "38M");
    EXPECT_EQ(human_size(16 * TiB), "16T");
}

}  // namespace
}  // namespace quire
