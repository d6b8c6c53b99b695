// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "quire/base/result.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::remote {

/// A client's transfer buffer: memory shared with one server, made at first need, in slices that the
/// threads take for one call each. Who lends a slice to its call (ipc::Call::lending) has it back
/// only when the server is done with it, even if nobody waits for that any more.
/// Threads: any.
class TransferBuffer {
    struct State;

public:
    static constexpr std::size_t unit = 64U << 10U;
    static constexpr std::size_t units = 32;
    static constexpr std::size_t size = unit * units;
    /// What one slice has at most, so that a second thread finds one too.
    static constexpr std::size_t largest_slice = size / 2;

    /// Tells the server of the memory.
    using Announce = std::function<Result<void>(ipc::Memory)>;

    /// A part of the buffer that nobody else has. It may outlive the buffer.
    class Slice {
    public:
        Slice(std::shared_ptr<State> state, std::size_t first, std::size_t count);
        Slice(const Slice&) = delete;
        Slice& operator=(const Slice&) = delete;
        ~Slice();

        std::uint64_t offset() const { return first_ * unit; }
        std::span<std::byte> bytes() const;

    private:
        const std::shared_ptr<State> state_;
        const std::size_t first_;
        const std::size_t count_;
    };

    /// `look`: sees whether what was lent has come back, without waiting.
    TransferBuffer(Announce announce, std::function<void()> look);

    /// A slice for up to `bytes` (fewer where there is less), or nothing: none is free, or there
    /// can be no buffer.
    std::shared_ptr<Slice> take(std::size_t bytes);
    /// However little is left, there are this many bytes in one piece once others are done.
    static constexpr std::size_t always = 2 * unit;
    /// A slice for at least `bytes`, waiting until one is free.
    /// Needs: at most `always`. Fails: timed_out, operation_canceled, and what makes a buffer impossible.
    Result<std::shared_ptr<Slice>> wait_for(const ipc::Call& call, std::size_t bytes);

private:
    const std::shared_ptr<State> state_;
};

}  // namespace quire::remote
