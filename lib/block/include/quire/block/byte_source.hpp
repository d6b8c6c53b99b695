// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "quire/block/device.hpp"

namespace quire::block {

/// Something file-like that can carry a device: a file of a volume is one (lib/fs implements this
/// interface; lib/block only declares it, so that arrows keep pointing down).
///
/// Fails: what the file's volume reports.
/// Threads: any.
/// Durable: after flush().
class ByteSource {
public:
    virtual ~ByteSource() = default;

    virtual Result<std::uint64_t> size() = 0;
    virtual bool writable() const = 0;

    /// Reads up to memory.size() bytes and says how many; fewer only at the end of the file.
    virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> memory) = 0;

    /// Writes up to memory.size() bytes and says how many, at least one unless memory is empty.
    /// Writing past the end grows the file.
    virtual Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> memory) = 0;

    virtual Result<void> flush() = 0;

    /// Deallocates a range, which then reads as zeros.
    /// Fails: operation_not_supported (the volume knows no holes).
    virtual Result<void> punch(Range range) = 0;

    /// As Device::next_data.
    virtual Result<Range> next_data(std::uint64_t offset) = 0;

    virtual Result<void> resize(std::uint64_t size) = 0;

    virtual std::string describe() const = 0;
};

}  // namespace quire::block
