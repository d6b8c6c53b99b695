// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "events/courier.hpp"
#include "quire/fs/attributes.hpp"

namespace quire::server {

class Registry;

/// One inode that is open, whoever opened it and by what name: what all sessions on it share. It
/// lives on after its last name has gone, until the last session has.
/// Threads: any. Its lock is a leaf.
class Provider {
public:
    Provider(std::shared_ptr<Registry> registry, const fs::Handle& handle);
    Provider(const Provider&) = delete;
    Provider& operator=(const Provider&) = delete;
    ~Provider();

    const fs::Handle& handle() const { return handle_; }

    /// The last name has gone: it is not offered to new opens.
    bool removed() const { return removed_; }
    void mark_removed() { removed_ = true; }

    void subscribe(std::shared_ptr<Subscription> subscription);
    /// Nothing more is told to it, even if it is subscribed afterwards.
    void unsubscribe(const std::shared_ptr<Subscription>& subscription);
    /// Has everybody told who asked for it.
    void tell(std::uint32_t events);

private:
    const std::shared_ptr<Registry> registry_;
    const fs::Handle handle_;
    std::atomic<bool> removed_ = false;

    std::mutex mutex_;  // guards what follows
    std::vector<std::shared_ptr<Subscription>> subscriptions_;
    std::atomic<bool> heard_ = false;  // whether there are any
};

}  // namespace quire::server
