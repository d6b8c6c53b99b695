// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "quire/base/result.hpp"

namespace quire::server {

/// An amount of which there is no more than a limit.
/// Threads: any.
class Allowance {
public:
    explicit Allowance(std::uint64_t limit) : limit_(limit) {}

    bool take(std::uint64_t amount);
    void give_back(std::uint64_t amount) { used_ -= amount; }
    std::uint64_t used() const { return used_; }

private:
    const std::uint64_t limit_;
    std::atomic<std::uint64_t> used_ = 0;
};

/// What one client uses of what all share.
struct Account {
    explicit Account(std::uint64_t buffer_bytes_limit) : buffer_bytes(buffer_bytes_limit) {}
    Allowance buffer_bytes;
};

}  // namespace quire::server
