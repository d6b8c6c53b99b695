// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "quire/fs/tree_watcher.hpp"
#include "quire/memory/page_pool.hpp"
#include "quire/memory/write_memory.hpp"
#include "quire/server/authority.hpp"

namespace quire::server {

/// Who may map whose memory: those who act as one identity in the whole tree share a domain; who
/// sees a part of the tree shares with nobody, since files can leave that part while they are open.
/// As a watcher of a tree it has what is left of files wiped out when the right to read one changes.
/// Threads: any. Its lock is a leaf but for the pool's.
class Domains final : public fs::TreeWatcher {
public:
    explicit Domains(std::shared_ptr<paging::PagePool> pool) : pool_(std::move(pool)) {}

    /// nullptr: there is no memory to share.
    std::shared_ptr<paging::Domain> of(const Authority& authority);
    /// Memory that one context writes. The same.
    std::shared_ptr<paging::WriteMemory> for_writing() {
        return pool_ ? pool_->make_write_memory() : nullptr;
    }

    void begin_change(const fs::TreeChange& change) override;
    void end_change(const fs::TreeChange&) override {}

private:
    using Key = std::tuple<std::uint32_t, std::uint32_t, std::vector<std::uint32_t>>;

    const std::shared_ptr<paging::PagePool> pool_;
    std::mutex mutex_;  // guards what follows
    std::map<Key, std::weak_ptr<paging::Domain>> domains_;
};

}  // namespace quire::server
