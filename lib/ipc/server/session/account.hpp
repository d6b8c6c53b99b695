// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "quire/ipc/quota.hpp"

namespace quire::ipc {

/// What one client uses of a server, over all its channels and gates.
/// Threads: any.
class Account : public std::enable_shared_from_this<Account> {
public:
    explicit Account(const Quota& quota) : quota_(quota) {}

    const Quota& quota() const { return quota_; }

    /// What is given back at the end of its life. An empty one was refused.
    using Charge = std::shared_ptr<void>;
    Charge charge_gate() { return charge(gates_, 1, quota_.gates); }
    Charge charge_channel() { return charge(channels_, 1, quota_.channels); }
    Charge charge_descriptors(std::size_t count) {
        return charge(descriptors_, count, quota_.descriptors);
    }

    /// For the tables of objects, which count for themselves.
    bool take_object() { return take(objects_, 1, quota_.objects); }
    void give_objects(std::size_t count) { objects_.fetch_sub(count, std::memory_order_relaxed); }

private:
    using Counter = std::atomic<std::size_t>;

    static bool take(Counter& counter, std::size_t count, std::size_t limit) {
        if (counter.fetch_add(count, std::memory_order_relaxed) + count <= limit) return true;
        counter.fetch_sub(count, std::memory_order_relaxed);
        return false;
    }
    Charge charge(Counter& counter, std::size_t count, std::size_t limit) {
        if (!take(counter, count, limit)) return nullptr;
        return Charge(&counter, [account = shared_from_this(), count](void* charged) {
            static_cast<Counter*>(charged)->fetch_sub(count, std::memory_order_relaxed);
        });
    }

    const Quota quota_;
    Counter objects_ = 0;
    Counter gates_ = 0;
    Counter channels_ = 0;
    Counter descriptors_ = 0;
};

}  // namespace quire::ipc
