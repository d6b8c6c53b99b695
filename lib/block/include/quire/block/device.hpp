// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "quire/base/result.hpp"

namespace quire::block {

/// What a device is. Sizes and offsets are bytes.
struct Geometry {
    std::uint64_t size = 0;
    /// Requests aligned to this many bytes are the cheapest; others work too. A power of two.
    std::uint32_t preferred_alignment = 512;
    bool writable = false;
};

/// One piece of a scattered transfer: memory that belongs at a byte offset of the device.
struct ReadRun {
    std::uint64_t offset = 0;
    std::span<std::byte> memory;
};
struct WriteRun {
    std::uint64_t offset = 0;
    std::span<const std::byte> memory;
};

/// A range of bytes: [offset, offset + length).
struct Range {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    friend bool operator==(const Range&, const Range&) = default;
};

/// Bytes: the first of the two nouns. A disk image, a partition of it, a file inside a volume,
/// memory.
///
/// Any offset and length is allowed, aligned or not. A transfer is whole or an error; after a
/// failed write the range it named holds old bytes, new bytes or a mixture, nothing else changed.
/// Concurrent writes to overlapping ranges leave a mixture.
///
/// Fails (every operation): result_out_of_range (the range leaves the device), io_error and what
/// the medium reports; writing operations: read_only_file_system (not writable),
/// no_space_on_device. Threads: every operation may be called from any thread at any time. Durable:
/// what was written before flush() began is on the medium when flush() has succeeded, and only
/// then; until then it may be there in part and in any order.
class Device {
public:
    Device() = default;
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    virtual ~Device() = default;

    virtual Geometry geometry() const = 0;

    virtual Result<void> read(std::uint64_t offset, std::span<std::byte> memory) = 0;
    virtual Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) = 0;

    /// Transfers every run, in any order, merging neighbours where that saves requests. The
    /// default calls read() or write() for each.
    virtual Result<void> read_runs(std::span<const ReadRun> runs);
    virtual Result<void> write_runs(std::span<const WriteRun> runs);

    /// Makes what was written durable.
    virtual Result<void> flush() = 0;

    /// Says that a range is of no use any more; it reads as zeros or as before afterwards. The
    /// default does nothing.
    virtual Result<void> discard(Range range);

    /// Makes a range read as zeros, without storing them where the medium can. The default
    /// writes zeros.
    virtual Result<void> zero(Range range);

    /// Finds the first range at or after `offset` that may hold anything but zeros. A length of 0
    /// says there is none up to the end. The default answers all that remains.
    /// Fails: result_out_of_range (offset past the end).
    virtual Result<Range> next_data(std::uint64_t offset);

    /// Sets the size; new bytes are zero.
    /// Fails: operation_not_supported (the default: the size is given by the medium).
    virtual Result<void> resize(std::uint64_t size);

    /// What this is, for messages: a path, or a description like "partition 2 of disk.img".
    virtual std::string describe() const = 0;
};

/// Checks that [offset, offset + length) lies inside `size` bytes, without overflow.
/// Fails: result_out_of_range.
Result<void> check_range(std::uint64_t offset, std::uint64_t length, std::uint64_t size);

}  // namespace quire::block
