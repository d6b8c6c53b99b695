// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "quire/block/device.hpp"
#include "quire/testing/gate.hpp"

namespace quire::testing {

enum class Operation { read, write, zero, discard, flush, next_data, resize };
inline constexpr std::size_t operation_count = 7;

/// One request to a device. A scattered transfer is one request for each run.
struct Request {
    Operation operation = Operation::read;
    block::Range range;
    /// How many requests of this operation came before, and how many of any.
    std::uint64_t number = 0;
    std::uint64_t number_of_all = 0;
};

/// Another device that fails, tears writes and delays as it is told. The first rule that fits a
/// request decides; a request that no rule fits goes through.
/// Threads: any; predicates are called one at a time and must not call the device.
class FaultyDevice final : public block::Device {
public:
    using Predicate = std::function<bool(const Request&)>;

    explicit FaultyDevice(std::shared_ptr<block::Device> base) : base_(std::move(base)) {}

    /// Requests that fit fail before they do anything.
    void fail_when(Predicate predicate, std::errc error = std::errc::io_error);
    /// The request of this operation fails that comes after `skip` others from now.
    void fail_after(Operation operation, std::uint64_t skip, std::errc error = std::errc::io_error);
    /// Every request from the one that comes after `skip` others of any kind from now: a disk
    /// that goes away.
    void fail_all_after(std::uint64_t skip, std::errc error = std::errc::io_error);
    /// A bad place: requests of this operation that touch the range fail.
    void fail_range(Operation operation, block::Range range, std::errc error = std::errc::io_error);

    /// Of a write that fits, only the first `kept` bytes reach the medium; then it fails, or,
    /// without an error, claims success as a disk does that loses power a moment later.
    void tear_when(Predicate predicate, std::uint64_t kept, std::optional<std::errc> error);

    /// Requests that fit wait at the gate and then go through. The gate must outlive them.
    void hold_when(Predicate predicate, Gate& gate);

    /// Forgets every rule.
    void heal();

    std::uint64_t requests(Operation operation) const;

    block::Geometry geometry() const override { return base_->geometry(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> flush() override;
    Result<void> discard(block::Range range) override;
    Result<void> zero(block::Range range) override;
    Result<block::Range> next_data(std::uint64_t offset) override;
    Result<void> resize(std::uint64_t size) override;
    std::string describe() const override { return "faulty " + base_->describe(); }

private:
    struct Rule {
        Predicate fits;
        std::optional<std::errc> error;
        std::optional<std::uint64_t> kept;
        Gate* gate = nullptr;
    };
    void add(Rule rule);
    /// Counts the request and finds its rule; waits, where the rule says so. The answer holds no
    /// gate any more.
    std::optional<Rule> begin(Operation operation, block::Range range);
    Result<void> allow(Operation operation, block::Range range);
    std::uint64_t total_locked() const;

    std::shared_ptr<block::Device> base_;
    mutable std::mutex mutex_;
    std::vector<Rule> rules_;
    std::array<std::uint64_t, operation_count> counts_{};
};

}  // namespace quire::testing
