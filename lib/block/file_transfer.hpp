// SPDX-License-Identifier: MIT

#pragma once

#include <sys/uio.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "quire/block/device.hpp"

namespace quire::block {

/// What O_DIRECT asks of requests, in bytes, both powers of two.
struct DirectAlignment {
    std::uint32_t memory = 0;
    std::uint32_t offset = 0;
};

/// Moves bytes between memory and an open file, whole or not at all as far as the caller sees:
/// interrupted and short system calls are continued, scattered runs are sorted and merged, and
/// where O_DIRECT is on and a request is not aligned, an aligned buffer stands between.
///
/// Threads: any, except that a write for which splits_block() is true must run alone among writes.
class FileTransfer {
public:
    /// `fd` is borrowed. `direct` says that O_DIRECT is set on it.
    FileTransfer(int fd, std::string name, bool direct, DirectAlignment alignment);

    Result<void> read(std::span<const ReadRun> runs);
    Result<void> write(std::span<const WriteRun> runs);

    bool direct() const { return direct_; }

    /// True when a write of this range has to read first what shares a block with its ends.
    bool splits_block(std::uint64_t offset, std::uint64_t length) const;

    /// Goes through the page cache from now on.
    void stop_direct();

private:
    /// Memory that lies in the file one after the other, beginning at `offset`.
    struct Stretch {
        std::uint64_t offset = 0;
        std::uint64_t length = 0;
        std::span<iovec> pieces;
    };
    template <typename Run, typename Move>
    Result<void> for_each_stretch(std::span<const Run> runs, Move&& move);

    bool aligned(const Stretch& stretch) const;
    Result<void> read_stretch(const Stretch& stretch);
    Result<void> write_stretch(const Stretch& stretch);
    Result<void> read_through_buffer(const Stretch& stretch);
    Result<void> write_through_buffer(const Stretch& stretch);
    Result<void> read_fully(std::uint64_t offset, std::span<iovec> pieces);
    Result<void> write_fully(std::uint64_t offset, std::span<iovec> pieces);

    int fd_;
    std::string name_;
    std::atomic<bool> direct_;
    DirectAlignment alignment_;
};

}  // namespace quire::block
