// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "mapping.hpp"
#include "quire/base/result.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::remote {

/// A place in a client's memory, which stays mapped as long as this lives.
template <typename Byte>
struct Place {
    std::shared_ptr<const Mapping> mapping;
    std::span<Byte> bytes;
};

/// A client's transfer buffer as its server sees it: memory whose content the client changes at any
/// time, but which is there.
/// Threads: any.
class SharedBuffer {
public:
    static constexpr std::uint64_t largest = 64U << 20U;

    /// Maps what a client sent, instead of what there was.
    /// Fails: invalid_argument (empty, over 64 MiB, another size than it said, something that can
    /// shrink or that is no common shared memory), not_enough_memory.
    Result<void> replace(const ipc::Memory& memory);

    /// What is to be read from.
    /// Fails: invalid_argument (there is no buffer, or the place leaves it).
    Result<Place<const std::byte>> source(std::uint64_t offset, std::uint64_t length) const;
    /// What is to be written to. Fails besides: permission_denied (mapped for reading only).
    Result<Place<std::byte>> target(std::uint64_t offset, std::uint64_t length) const;

private:
    Result<std::shared_ptr<const Mapping>> reach(std::uint64_t offset, std::uint64_t length) const;

    mutable std::mutex mutex_;
    std::shared_ptr<const Mapping> mapping_;
};

}  // namespace quire::remote
