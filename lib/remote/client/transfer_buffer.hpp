// SPDX-License-Identifier: MIT

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "mapping.hpp"
#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::remote {

/// A client's transfer buffer: memory shared with one server, made at first need, in slices that the
/// threads take for one call each.
///
/// A call that failed because its caller stopped waiting may still be at work on its slice, or begin
/// later; such a slice is lost. When half of all is, and no other is in use, the memory grows by as
/// much again and slices come from there: the lost ones keep what is in them, and their places.
/// Threads: any.
class TransferBuffer {
public:
    static constexpr std::size_t unit = 64U << 10U;
    static constexpr std::size_t units = 32;
    static constexpr std::size_t size = unit * units;
    /// What may be lost and grown again, as much as a server maps.
    static constexpr std::size_t most = 64U << 20U;
    /// What one slice has at most, so that a second thread finds one too.
    static constexpr std::size_t largest_slice = size / 2;

    /// Tells the server of the memory, again when it has grown.
    using Announce = std::function<Result<void>(ipc::Memory)>;

    class Slice {
    public:
        Slice(Slice&& other) noexcept
            : owner_(other.owner_),
              place_(other.place_),
              first_(other.first_),
              count_(other.count_),
              mapping_(std::move(other.mapping_)) {}
        Slice& operator=(Slice&&) = delete;
        ~Slice();

        std::uint64_t offset() const { return place_; }
        std::span<std::byte> bytes() const { return {mapping_->data() + place_, count_ * unit}; }
        /// Of a call that went through the slice: an error that leaves it at work loses the slice.
        void used(const Error* error);

    private:
        friend class TransferBuffer;
        Slice(TransferBuffer& owner, std::size_t place, std::size_t first, std::size_t count,
              std::shared_ptr<const Mapping> mapping)
            : owner_(owner),
              place_(place),
              first_(first),
              count_(count),
              mapping_(std::move(mapping)) {}

        TransferBuffer& owner_;
        std::size_t place_;  // in the memory
        std::size_t first_;
        std::size_t count_;
        bool lost_ = false;
        std::shared_ptr<const Mapping> mapping_;  // empty: moved from
    };

    explicit TransferBuffer(Announce announce) : announce_(std::move(announce)) {}

    /// A slice for up to `bytes` (fewer where there is less), or nothing: none is free, or there
    /// can be no buffer.
    std::optional<Slice> take(std::size_t bytes);
    /// However little is left, there are this many bytes in one piece once others are done.
    static constexpr std::size_t always = 2 * unit;
    /// A slice for at least `bytes`, waiting until one is free.
    /// Needs: at most `always`. Fails: what makes a buffer impossible.
    Result<Slice> wait_for(std::size_t bytes);

private:
    Result<std::shared_ptr<const Mapping>> grow(std::size_t length);
    Result<void> make_locked(std::unique_lock<std::mutex>& lock);
    std::optional<Slice> find_locked(std::size_t count);
    void give_back(const Slice& slice);

    const Announce announce_;
    std::mutex mutex_;
    std::condition_variable changed_;
    UniqueFd memory_;  // only for who is making
    std::shared_ptr<const Mapping> mapping_;
    std::size_t start_ = 0;    // of the part that slices come from
    std::uint32_t taken_ = 0;  // a bit for each unit of it: in use or lost
    std::size_t in_use_ = 0;   // slices
    std::size_t lost_ = 0;     // units of the part
    bool making_ = false;
    std::optional<Error> impossible_;
};

}  // namespace quire::remote
