// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>

namespace quire::idl {

/// What a message may have (docs/wire.md).
inline constexpr std::uint64_t header_size = 32;
inline constexpr std::uint64_t largest_message = 65536;
inline constexpr std::uint64_t most_descriptors = 16;

/// What the compiler takes from a source that anyone may have written. codes.def tells the
/// numbers to people. Tests set smaller ones.
struct Limits {
    std::size_t file_size = 1024 * 1024;
    std::size_t files = 256;
    std::size_t include_depth = 32;
    std::size_t declarations = 20000;
    std::size_t nesting = 16;
    std::size_t struct_depth = 16;
    std::size_t name_length = 64;
    std::size_t diagnostics = 20;
};

}  // namespace quire::idl
