// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "quire/block/device.hpp"

namespace quire::partition {

using Bytes = std::vector<std::byte>;

/// Reads a little-endian number of the type asked for.
/// Needs: it lies inside `bytes`.
template <typename Number>
Number little_endian(std::span<const std::byte> bytes, std::size_t offset) {
    Number value = 0;
    for (std::size_t index = 0; index < sizeof(Number); ++index) {
        value = static_cast<Number>(
            value |
            static_cast<Number>(std::to_integer<Number>(bytes[offset + index]) << (8 * index)));
    }
    return value;
}

/// A device as sectors, with arithmetic that can't overflow.
struct Sectors {
    block::Device& device;
    std::uint32_t size = 512;

    std::uint64_t count() const { return device.geometry().size / size; }

    /// The bytes of a run of sectors; nothing when it overflows, whether or not the device is so
    /// large.
    std::optional<block::Range> range(std::uint64_t first, std::uint64_t length) const {
        const std::uint64_t most = ~std::uint64_t{0} / size;
        if (first > most || length > most - first) return std::nullopt;
        return block::Range{first * size, length * size};
    }

    /// Fails: result_out_of_range (outside the device), what reading reports.
    Result<Bytes> read(std::uint64_t sector, std::size_t length) const {
        const auto place = range(sector, 1);
        if (!place) return fail(std::errc::result_out_of_range);
        QUIRE_TRY(block::check_range(place->offset, length, device.geometry().size));
        Bytes bytes(length);
        QUIRE_TRY(device.read(place->offset, bytes));
        return bytes;
    }
};

}  // namespace quire::partition
