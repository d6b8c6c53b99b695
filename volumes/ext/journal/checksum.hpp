// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quire::ext::journal {

/// What the checksums of a journal begin with. Neither kind inverts its result.
inline constexpr std::uint32_t checksum_start = 0xFFFFFFFF;

/// CRC-32C (Castagnoli, reflected) of more bytes, continuing from `sum`.
std::uint32_t crc32c(std::uint32_t sum, std::span<const std::byte> bytes);

/// CRC-32 (IEEE 802.3, not reflected) of more bytes, continuing from `sum`.
std::uint32_t crc32_forward(std::uint32_t sum, std::span<const std::byte> bytes);

}  // namespace quire::ext::journal
