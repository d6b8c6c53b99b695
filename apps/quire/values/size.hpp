// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string_view>

#include "quire/base/result.hpp"

namespace quire::app {

/// A size as truncate(1) takes it: bytes, with a suffix K M G T P E (powers of 1024; also KiB …)
/// or KB MB … (powers of 1000), and in front `+` and `-` (by so much), `<` and `>` (at most, at
/// least), `/` and `%` (down, up to a multiple).
class SizeChange {
public:
    /// Fails: invalid_argument.
    static Result<SizeChange> parse(std::string_view text);
    static SizeChange exactly(std::uint64_t size) { return {'=', size}; }

    bool relative() const { return operation_ != '='; }
    /// Fails: file_too_large.
    Result<std::uint64_t> apply(std::uint64_t size) const;

private:
    SizeChange(char operation, std::uint64_t amount) : operation_(operation), amount_(amount) {}

    char operation_;
    std::uint64_t amount_;
};

}  // namespace quire::app
