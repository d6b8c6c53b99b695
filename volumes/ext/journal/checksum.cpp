// SPDX-License-Identifier: MIT

#include "checksum.hpp"

#include <isa-l/crc.h>

#include <algorithm>
#include <limits>

namespace quire::ext::journal {

namespace {

const unsigned char* address(std::span<const std::byte> bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

std::uint32_t crc32c(std::uint32_t sum, std::span<const std::byte> bytes) {
    // The library's length is an int and its pointer is not const, though it only reads.
    constexpr std::size_t most = std::numeric_limits<int>::max();
    while (!bytes.empty()) {
        const auto piece = bytes.first(std::min(bytes.size(), most));
        sum = crc32_iscsi(const_cast<unsigned char*>(address(piece)),
                          static_cast<int>(piece.size()), sum);
        bytes = bytes.subspan(piece.size());
    }
    return sum;
}

std::uint32_t crc32_forward(std::uint32_t sum, std::span<const std::byte> bytes) {
    // The library inverts before and after.
    return ~crc32_ieee(~sum, address(bytes), bytes.size());
}

}  // namespace quire::ext::journal
