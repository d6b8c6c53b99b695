// SPDX-License-Identifier: MIT

#include "checksum.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace quire::ext::journal {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

// The published check values are those of "123456789", with the result inverted.
TEST(Checksum, crc32c_has_its_check_value) {
    EXPECT_EQ(~crc32c(checksum_start, bytes_of("123456789")), 0xE3069283u);
}

TEST(Checksum, crc32_forward_has_its_check_value) {
    EXPECT_EQ(~crc32_forward(checksum_start, bytes_of("123456789")), 0xFC891918u);
}

TEST(Checksum, pieces_give_what_the_whole_gives) {
    std::vector<std::byte> bytes(5000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * i >> 3);
    const std::span<const std::byte> all(bytes);
    for (const std::size_t cut : {0u, 1u, 7u, 64u, 1023u, 4999u, 5000u}) {
        EXPECT_EQ(crc32c(crc32c(5, all.first(cut)), all.subspan(cut)), crc32c(5, all));
        EXPECT_EQ(crc32_forward(crc32_forward(5, all.first(cut)), all.subspan(cut)),
                  crc32_forward(5, all));
    }
}

}  // namespace
}  // namespace quire::ext::journal
