// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <cstdint>

#include "quire/base/units.hpp"

namespace quire::client {

/// How much of a file to ask for: more, the longer somebody goes on where he stopped.
class Window {
public:
    /// From `position` on, where `least` bytes are needed.
    std::uint64_t amount(std::uint64_t position, std::uint64_t least) {
        constexpr std::uint64_t first = 256 * KiB;
        constexpr std::uint64_t longest = 4 * MiB;
        size_ = position == expected_ ? std::clamp(2 * size_, first, longest) : 0;
        return std::max(size_, least);
    }
    /// He stopped here.
    void passed(std::uint64_t position) { expected_ = position; }

private:
    std::uint64_t expected_ = 0;
    std::uint64_t size_ = 0;
};

}  // namespace quire::client
