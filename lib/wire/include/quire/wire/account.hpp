// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace quire::wire {

/// An amount of which there is no more than a limit.
/// Threads: any.
class Allowance {
public:
    explicit Allowance(std::uint64_t limit) : limit_(limit) {}

    bool take(std::uint64_t amount);
    /// Beyond the limit where need be; for what has been asked about before.
    void take_anyway(std::uint64_t amount) { used_ += amount; }
    void give_back(std::uint64_t amount) { used_ -= amount; }

    std::uint64_t used() const { return used_; }
    bool has_room() const { return used_ < limit_; }

private:
    const std::uint64_t limit_;
    std::atomic<std::uint64_t> used_ = 0;
};

struct AccountLimits {
    /// Memory of the client that may be mapped here, each buffer counting one MiB at least.
    std::uint64_t buffer_bytes = std::uint64_t{256} << 20U;
    /// Nodes of volumes that it may hold.
    std::uint64_t nodes = std::uint64_t{1} << 18U;
};

/// How many buffers of all clients of a server may be mapped: the kernel has a limit of mappings,
/// 65 530 of them if nobody raised it.
inline constexpr std::uint64_t buffers_of_all_clients = 16384;

/// What one client uses of what all clients share, through whatever it was given: one for each
/// connection, charged by all objects that came of it.
/// Threads: any.
class Account {
public:
    /// `all_buffers`: counts those of all clients.
    Account(const AccountLimits& limits, std::shared_ptr<Allowance> all_buffers)
        : buffer_bytes(limits.buffer_bytes), nodes(limits.nodes), buffers(std::move(all_buffers)) {}

    /// Of an only client.
    static std::shared_ptr<Account> alone(const AccountLimits& limits = {}) {
        return std::make_shared<Account>(limits,
                                         std::make_shared<Allowance>(buffers_of_all_clients));
    }

    Allowance buffer_bytes;
    Allowance nodes;
    const std::shared_ptr<Allowance> buffers;
};

}  // namespace quire::wire
