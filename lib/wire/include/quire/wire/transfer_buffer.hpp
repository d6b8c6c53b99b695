// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "quire/base/result.hpp"
#include "quire/ipc/memory.hpp"
#include "quire/wire/account.hpp"

namespace quire::wire {

/// A place in a client's memory, which stays mapped as long as this lives.
template <typename Byte>
struct Place {
    std::shared_ptr<const void> keeps;
    std::span<Byte> bytes;
};

/// A client's transfer buffer as its server sees it: memory whose content the client changes at any
/// time, but which is there. What is looked at, or must not change while it is used, is copied out
/// first. Charges the client for what is mapped.
/// Threads: any.
class TransferBuffer {
public:
    static constexpr std::uint64_t largest = std::uint64_t{64} << 20U;

    explicit TransferBuffer(std::shared_ptr<Account> account) : account_(std::move(account)) {}

    /// Maps what a client sent, instead of what there was.
    /// Fails: invalid_argument (empty, over 64 MiB, another size than it said, something that can
    /// shrink or that is no memfd of common pages), EDQUOT, not_enough_memory.
    Result<void> replace(const ipc::Memory& memory);

    /// Whether there is any.
    explicit operator bool() const { return get() != nullptr; }

    /// What is to be read from.
    /// Fails: invalid_argument (there is no buffer, or the place leaves it).
    Result<Place<const std::byte>> source(std::uint64_t offset, std::uint64_t length) const;
    /// What is to be written to. Fails besides: permission_denied (mapped for reading only).
    Result<Place<std::byte>> target(std::uint64_t offset, std::uint64_t length) const;

private:
    struct Region;

    std::shared_ptr<const Region> get() const;
    Result<std::shared_ptr<const Region>> reach(std::uint64_t offset, std::uint64_t length) const;

    const std::shared_ptr<Account> account_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Region> region_;
};

}  // namespace quire::wire
