// SPDX-License-Identifier: MIT

#include "quire/testing/bytes.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace quire::testing {

Bytes pattern(std::size_t length, std::uint64_t seed) {
    // Knuth's MMIX generator: the upper bits are random enough, and sanitizers don't slow it down.
    std::uint64_t state = seed * 2 + 1;
    Bytes result(length);
    for (std::byte& byte : result) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        byte = static_cast<std::byte>(std::max<std::uint64_t>(state >> 56, 1));
    }
    return result;
}

Bytes read_bytes(block::Device& device, std::uint64_t offset, std::size_t length) {
    Bytes result(length);
    if (const auto read = device.read(offset, result); !read)
        ADD_FAILURE() << "reading " << length << " bytes at " << offset << ": "
                      << read.error().message();
    return result;
}

}  // namespace quire::testing
