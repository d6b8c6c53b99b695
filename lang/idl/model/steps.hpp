// SPDX-License-Identifier: MIT
//
// How long can a message become? A value's bytes depend on where it begins, because scalars are
// aligned, but only on the remainder of that offset by 8, the largest alignment. So what a value
// adds is a table of eight numbers; a sequence adds up tables, and a list of a million elements
// is twenty doublings. Every step is monotone in the offset, so the largest message is the one
// with everything at its bound, and the smallest the one with nothing.

#pragma once

#include <array>
#include <cstdint>

namespace quire::idl {

/// What a value adds to an offset, by the offset's remainder by 8. Sums saturate at `endless`.
class Steps {
public:
    static constexpr std::uint64_t endless = std::uint64_t{1} << 40;

    /// Nothing.
    Steps() = default;
    /// A scalar of 1, 2, 4 or 8 bytes, aligned to its size.
    static Steps scalar(std::size_t size);
    /// Bytes without alignment.
    static Steps bytes(std::uint64_t count);

    /// This, and then `next`.
    Steps then(const Steps& next) const;
    Steps times(std::uint64_t count) const;

    std::uint64_t from(std::uint64_t offset) const { return add(offset, by_[offset % 8]); }
    friend bool operator==(const Steps&, const Steps&) = default;

private:
    static std::uint64_t add(std::uint64_t a, std::uint64_t b) {
        return a + b < endless ? a + b : endless;
    }
    std::array<std::uint64_t, 8> by_{};
};

/// All that bounds a type or a message.
struct Measure {
    Steps least;
    Steps most;
    std::uint64_t descriptors = 0;  ///< at most; saturates

    Measure then(const Measure& next) const;
    bool fixed() const { return least == most; }
};

}  // namespace quire::idl
