// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quire/base/result.hpp"

namespace quire {

inline constexpr std::uint64_t KiB = 1024;
inline constexpr std::uint64_t MiB = 1024 * KiB;
inline constexpr std::uint64_t GiB = 1024 * MiB;
inline constexpr std::uint64_t TiB = 1024 * GiB;

/// Parses a byte count: decimal digits and an optional K, M, G, T, P (powers of 1024; `KiB`,
/// `KB` … as coreutils: KB is 1000), no sign and no spaces.
/// Fails: invalid_argument, result_out_of_range (beyond 2^63 - 1).
Result<std::uint64_t> parse_size(std::string_view text);

/// A byte count for a person: `812`, `1.5K`, `38M`.
std::string human_size(std::uint64_t bytes);

}  // namespace quire
