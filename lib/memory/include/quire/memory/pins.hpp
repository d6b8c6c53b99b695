// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quire::paging {

/// Of one client at once.
inline constexpr std::size_t most_pins = 64;

/// Runs that one client of a domain looks at where they lie, as it says itself: they are not used for
/// anything else, though what they hold may not be a file's any more.
///
/// A client says so and then looks whether the entry is what it was; the server takes an entry away
/// and then looks who has said so: one of them sees the other.
/// Threads: any.
class Pins {
public:
    virtual ~Pins() = default;
    /// Adds up to `most_pins` of them, read in one order with everything (sequentially consistent).
    /// Called with the pool's mutex held: waits for nobody.
    virtual void add_to(std::vector<std::uint32_t>& runs) const = 0;
};

}  // namespace quire::paging
