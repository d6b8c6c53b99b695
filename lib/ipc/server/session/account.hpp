// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "quire/ipc/quota.hpp"
#include "server/run_limit.hpp"
#include "server/session/stock.hpp"

namespace quire::ipc {

/// What a server has for all its clients.
struct Stocks {
    Stocks(std::size_t all_channels, std::size_t all_descriptors, std::size_t all_objects)
        : channels(all_channels), descriptors(all_descriptors), objects(all_objects) {}

    Stock channels;
    Stock descriptors;
    Stock objects;
};

/// What somebody has of each.
struct Uses {
    Stock::Use channels;
    Stock::Use descriptors;
    Stock::Use objects;
};

/// What one client uses of a server, over all its channels and gates.
/// Threads: any.
class Account : public std::enable_shared_from_this<Account> {
public:
    /// `user`: what all clients of its user have. Without, it is the server's process itself, which
    /// shares with nobody.
    Account(const Quota& quota, std::shared_ptr<Stocks> stocks, std::shared_ptr<Uses> user)
        : quota_(quota),
          stocks_(std::move(stocks)),
          shares_(user != nullptr),
          user_(user ? std::move(user) : std::make_shared<Uses>()) {}

    const Quota& quota() const { return quota_; }

    /// What is given back at the end of its life. An empty one was refused.
    using Charge = std::shared_ptr<void>;
    /// A gate, or a channel, with its descriptor.
    Charge charge_gate() { return charge({&gates_, quota_.gates, nullptr, 1, 1}); }
    Charge charge_channel() {
        return charge({&channels_, quota_.channels, &Stocks::channels, 1, 1});
    }
    /// Of messages that are kept until there is somebody to take them.
    Charge charge_kept_bytes(std::size_t count) {
        return charge({&kept_bytes_, quota_.kept_bytes, nullptr, count, 0});
    }
    Charge charge_descriptors(std::size_t count) {
        return charge({&descriptors_, quota_.descriptors, nullptr, count, count});
    }

    /// Whether there is no channel of a client any more. Never true of the process itself.
    bool client_is_gone() const { return shares_ && channels_ == 0; }

    /// Its calls that are inside objects.
    const std::shared_ptr<RunLimit::Share>& running() const { return running_; }

    /// For the tables of objects, which count for themselves.
    bool take_object();
    void give_objects(std::size_t count);

private:
    using Counter = std::atomic<std::size_t>;

    /// So much of what is counted, of a stock besides the descriptors (or nullptr), and descriptors.
    struct Wanted {
        Counter* counter;
        std::size_t quota;
        Stock Stocks::* stock;
        std::size_t count;
        std::size_t descriptors;
    };

    Charge charge(const Wanted& wanted);
    bool take(const Wanted& wanted);
    static bool take(Counter& counter, std::size_t count, std::size_t limit);
    bool take_of(Stock Stocks::* stock, Stock::Use Uses::* use, std::size_t count);
    void give_back(const Wanted& wanted);

    const Quota quota_;
    const std::shared_ptr<Stocks> stocks_;
    const bool shares_;
    const std::shared_ptr<Uses> user_;
    Uses own_;
    Counter objects_ = 0;
    Counter gates_ = 0;
    Counter channels_ = 0;
    Counter descriptors_ = 0;
    Counter kept_bytes_ = 0;
    const std::shared_ptr<RunLimit::Share> running_ = std::make_shared<RunLimit::Share>();
};

/// The accounts of a server.
/// Threads: any.
class Accounts {
public:
    struct Sizes {
        std::size_t channels = 0;
        std::size_t descriptors = 0;
        std::size_t objects = 0;
    };
    Accounts(const Quota& quota, const Sizes& sizes);

    /// Of one more client, a process of this user; without a user: of this process itself.
    std::shared_ptr<Account> open(std::optional<uid_t> user);

private:
    const Quota quota_;
    const std::shared_ptr<Stocks> stocks_;
    std::mutex mutex_;
    std::map<uid_t, std::weak_ptr<Uses>> users_;
};

}  // namespace quire::ipc
