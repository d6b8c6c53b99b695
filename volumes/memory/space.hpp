// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "quire/base/result.hpp"

namespace quire::memory {

/// How much a volume may hold and how much it does.
/// Threads: any.
class Space {
public:
    explicit Space(std::uint64_t limit) : limit_(limit) {}

    /// Fails: no_space_on_device (nothing is taken).
    Result<void> take(std::uint64_t amount) {
        std::uint64_t used = used_.load();
        do {
            if (amount > limit_ - used) return fail(std::errc::no_space_on_device);
        } while (!used_.compare_exchange_weak(used, used + amount));
        return {};
    }
    void give(std::uint64_t amount) { used_ -= amount; }

    std::uint64_t limit() const { return limit_; }
    std::uint64_t used() const { return used_; }

private:
    const std::uint64_t limit_;
    std::atomic<std::uint64_t> used_{0};
};

/// A part of the space that somebody holds, given back with its holder.
class Charge {
public:
    explicit Charge(std::shared_ptr<Space> space) : space_(std::move(space)) {}
    Charge(const Charge&) = delete;
    Charge& operator=(const Charge&) = delete;
    ~Charge() { space_->give(amount_); }

    Result<void> grow(std::uint64_t amount) {
        QUIRE_TRY(space_->take(amount));
        amount_ += amount;
        return {};
    }
    /// Needs: at most what is held.
    void shrink(std::uint64_t amount) {
        space_->give(amount);
        amount_ -= amount;
    }
    std::uint64_t amount() const { return amount_; }

private:
    std::shared_ptr<Space> space_;
    std::uint64_t amount_ = 0;
};

}  // namespace quire::memory
