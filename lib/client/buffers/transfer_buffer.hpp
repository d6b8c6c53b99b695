// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/base/units.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::client {

/// Memory that a context shares with its server, made at first need, in parts that one call each
/// takes. Who lends a part to its call (ipc::Call::lending) has it back only when the server is done
/// with it, even if nobody waits for that any more; then another part is taken, or a message.
/// Threads: one at a time; what is lent may come back on any.
class TransferBuffer {
public:
    static constexpr std::size_t part_size = 256 * KiB;
    static constexpr std::size_t parts = 4;

    /// Tells the server of the buffer.
    using Announce = std::function<Result<void>(ipc::Memory)>;

    /// `look`: sees whether what was lent has come back, without waiting.
    TransferBuffer(Announce announce, std::function<void()> look)
        : announce_(std::move(announce)), look_(std::move(look)) {}
    TransferBuffer(const TransferBuffer&) = delete;
    TransferBuffer& operator=(const TransferBuffer&) = delete;
    ~TransferBuffer();

    struct Part {
        std::uint64_t offset;
        std::span<std::byte> bytes;
        /// To be lent; the part is free again when its last copy is gone.
        std::shared_ptr<const void> held;
    };
    /// Where the next call's content goes, `part_size` bytes; nothing: no part is free, or there can
    /// be no buffer, and messages have to do.
    std::optional<Part> part();

private:
    using Lent = std::array<std::atomic<bool>, parts>;

    Result<void> make();
    std::size_t free_part() const;
    Result<void> fill(std::size_t number);

    const Announce announce_;
    const std::function<void()> look_;
    UniqueFd memory_;
    std::byte* place_ = nullptr;
    std::size_t filled_ = 0;  // parts that have pages
    bool announced_ = false;
    bool impossible_ = false;
    /// Also of who has not given a part back when this ends.
    const std::shared_ptr<Lent> lent_ = std::make_shared<Lent>();
};

}  // namespace quire::client
