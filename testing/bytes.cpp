// SPDX-License-Identifier: MIT

#include "quire/testing/bytes.hpp"

#include <gtest/gtest.h>

#include <random>

namespace quire::testing {

Bytes pattern(std::size_t length, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Bytes result(length);
    for (std::byte& byte : result)
        byte = static_cast<std::byte>(1 + random() % 255);
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
