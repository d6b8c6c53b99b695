// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "quire/memory/pins.hpp"

namespace quire::paging {

/// What all clients of one domain look at.
/// Threads: one at a time (the pool's mutex).
class PinList {
public:
    /// Once for each, however often it is called.
    void add(std::weak_ptr<const Pins> pins);
    /// As it is now, for runs whose entries have been taken away before; until this is called again.
    /// Needs no memory.
    std::span<const std::uint32_t> now();

private:
    std::vector<std::weak_ptr<const Pins>> all_;
    std::vector<std::uint32_t> runs_;
};

}  // namespace quire::paging
