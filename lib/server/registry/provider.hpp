// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "events/courier.hpp"
#include "quire/fs/attributes.hpp"
#include "quire/fs/content_watcher.hpp"
#include "quire/memory/page_pool.hpp"

namespace quire::server {

class Registry;

/// One inode that is open, whoever opened it and by what name: what all sessions on it share. It
/// lives on after its last name has gone, until the last session has.
/// It knows what of the file lies in memory that clients can read, for each domain, and takes that
/// away when the file changes.
/// Threads: any. Its lock is a leaf but for that of the pool of pages.
class Provider final : public fs::ContentWatcher {
public:
    Provider(std::shared_ptr<Registry> registry, const fs::Handle& handle);
    Provider(const Provider&) = delete;
    Provider& operator=(const Provider&) = delete;
    ~Provider() override;

    const fs::Handle& handle() const { return handle_; }

    /// The last name has gone: it is not offered to new opens.
    bool removed() const { return removed_; }
    void mark_removed() { removed_ = true; }

    void subscribe(std::shared_ptr<Subscription> subscription);
    /// Nothing more is told to it, even if it is subscribed afterwards.
    void unsubscribe(const std::shared_ptr<Subscription>& subscription);
    /// Has everybody told who asked for it.
    void tell(std::uint32_t events);

    /// The file's pages in one domain, made if there are none; they live as long as somebody has
    /// them. Needs: this watches the file through every open file whose content gets there.
    /// Fails: as paging::Domain::make_file.
    Result<std::shared_ptr<paging::FilePages>> pages(const std::shared_ptr<paging::Domain>& domain);

    void begin_change(const fs::ContentChange& change) override;
    void end_change(const fs::ContentChange& change) override;

private:
    const std::shared_ptr<Registry> registry_;
    const fs::Handle handle_;
    std::atomic<bool> removed_ = false;

    std::mutex mutex_;  // guards what follows
    std::vector<std::shared_ptr<Subscription>> subscriptions_;
    struct Shown {
        std::weak_ptr<paging::Domain> domain;
        std::weak_ptr<paging::FilePages> pages;
    };
    std::vector<Shown> shown_;
    std::vector<fs::ContentChange> changing_;
    std::atomic<bool> heard_ = false;  // whether there are any
};

}  // namespace quire::server
