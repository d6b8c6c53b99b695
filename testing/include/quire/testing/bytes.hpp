// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "quire/block/device.hpp"

namespace quire::testing {

using Bytes = std::vector<std::byte>;

/// Bytes that look random and are the same for the same seed, none of them zero: what was not
/// written shows.
Bytes pattern(std::size_t length, std::uint64_t seed = 1);

/// Reads a part of a device. A failure fails the running test.
Bytes read_bytes(block::Device& device, std::uint64_t offset, std::size_t length);

}  // namespace quire::testing
