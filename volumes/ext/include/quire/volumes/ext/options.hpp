// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "quire/base/time.hpp"

namespace quire::ext {

/// How an ext filesystem is opened.
struct Options {
    /// Nothing is written to the device, not even the replay of a journal: what the journal holds
    /// is read from it.
    bool read_only = false;
    /// What the time is; the machine's clock when empty.
    std::shared_ptr<const Clock> clock;
    /// Where generations of inodes and the like come from: the same seed and the same operations
    /// give the same bytes. The machine's randomness when empty.
    std::optional<std::uint64_t> seed;
    /// Bytes of memory for metadata blocks that are unchanged, and again as many for changed ones,
    /// which are committed when they would be more.
    std::size_t cache_budget = std::size_t{8} << 20;
    /// How to wait while another machine may be using the image (multi-mount protection, for
    /// writing only); sleeping when empty.
    std::function<void(std::chrono::seconds)> wait;
    /// For an image that is being made: nobody keeps it if this stops half-way, so nothing is
    /// journalled and changed blocks may reach the device in any order before the end.
    bool fresh_image = false;
};

}  // namespace quire::ext
