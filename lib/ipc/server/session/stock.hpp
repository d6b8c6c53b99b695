// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <mutex>

namespace quire::ipc {

/// Something of which a server has so much and no more, such as descriptors. All clients share it,
/// and none can take it away from the others: a user may have as much as is left when he has taken
/// it, and of what is left for the user, a client the same. So a single client gets a third of all
/// at most, two greedy users a third each, and whoever comes later finds something.
/// (Dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998.)
/// Threads: any. Its lock is a leaf.
class Stock {
public:
    explicit Stock(std::size_t size) : size_(size) {}
    Stock(const Stock&) = delete;
    Stock& operator=(const Stock&) = delete;

    /// How much somebody has of a stock. Guarded by the stock's lock.
    class Use {
        friend class Stock;
        std::size_t amount_ = 0;
    };

    /// False: there is no more for this client.
    bool take(Use& user, Use& client, std::size_t count) {
        const std::scoped_lock lock(mutex_);
        const std::size_t own = client.amount_ + count;
        const std::size_t of_user = user.amount_ + count;
        if (used_ + count > size_) return false;
        const std::size_t left = size_ - used_ - count;
        if (of_user > left || own > left - of_user) return false;
        add(user, client, count);
        return true;
    }

    /// For this process itself: as long as there is any.
    bool take_for_itself(Use& user, Use& client, std::size_t count) {
        const std::scoped_lock lock(mutex_);
        if (used_ + count > size_) return false;
        add(user, client, count);
        return true;
    }

    void give_back(Use& user, Use& client, std::size_t count) {
        const std::scoped_lock lock(mutex_);
        client.amount_ -= count;
        user.amount_ -= count;
        used_ -= count;
    }

    std::size_t used() const {
        const std::scoped_lock lock(mutex_);
        return used_;
    }

private:
    void add(Use& user, Use& client, std::size_t count) {
        client.amount_ += count;
        user.amount_ += count;
        used_ += count;
    }

    const std::size_t size_;
    mutable std::mutex mutex_;
    std::size_t used_ = 0;
};

}  // namespace quire::ipc
