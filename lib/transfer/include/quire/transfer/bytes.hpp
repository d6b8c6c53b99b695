// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <span>

#include "quire/base/result.hpp"

namespace quire::transfer {

/// Where a stream of bytes goes: a pipe, a file, memory.
class ByteSink {
public:
    virtual ~ByteSink() = default;
    /// Takes all of `bytes`, or fails.
    virtual Result<void> write(std::span<const std::byte> bytes) = 0;
};

/// Where a stream of bytes comes from.
class ByteStream {
public:
    virtual ~ByteStream() = default;
    /// Fills the front of `memory` and says how far; 0 only at the end.
    virtual Result<std::size_t> read(std::span<std::byte> memory) = 0;
};

}  // namespace quire::transfer
