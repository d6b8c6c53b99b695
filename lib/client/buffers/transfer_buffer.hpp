// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/base/units.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::client {

/// Memory that a context shares with its server, made at first need, for one call at a time.
///
/// A call that its caller gave up may still be at work on its part of the buffer, or may begin with
/// it later, after the server was told of another buffer. So a part of a call that was given up stays
/// as it is for ever: the memory grows by a part for the next call, and the server is told again.
/// Threads: one at a time.
class TransferBuffer {
public:
    static constexpr std::size_t part_size = 256 * KiB;
    /// Calls that may be given up; then there is no buffer any more.
    static constexpr std::size_t most_lost = 63;

    /// Tells the server of a buffer.
    using Announce = std::function<Result<void>(ipc::Memory)>;

    explicit TransferBuffer(Announce announce) : announce_(std::move(announce)) {}
    TransferBuffer(const TransferBuffer&) = delete;
    TransferBuffer& operator=(const TransferBuffer&) = delete;
    ~TransferBuffer();

    struct Part {
        std::uint64_t offset;
        std::span<std::byte> bytes;
    };
    /// Where the next call's content goes, `part_size` bytes; nothing: there can be no buffer, and
    /// messages have to do.
    std::optional<Part> part();
    /// Of the call that went through the part, if it failed.
    void used(const Error* error);

    template <typename T>
    void used(const Result<T>& result) {
        used(result ? nullptr : &result.error());
    }

private:
    Result<void> make();
    void unmap();

    const Announce announce_;
    UniqueFd memory_;
    std::byte* part_ = nullptr;  // mapped, the last one
    std::size_t lost_ = 0;
    bool impossible_ = false;
};

}  // namespace quire::client
