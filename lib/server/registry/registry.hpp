// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "events/courier.hpp"
#include "registry/handle_turns.hpp"
#include "registry/provider.hpp"

namespace quire::server {

/// The gatekeeper: knows which inodes are open, and lets finding, making, opening and removing one
/// of them happen one after the other. Names are none of its business: one that is made again is
/// another inode, with a provider of its own beside that of the old one.
/// Threads: any. Its lock is a leaf.
class Registry : public std::enable_shared_from_this<Registry> {
public:
    static std::shared_ptr<Registry> create() { return std::shared_ptr<Registry>(new Registry()); }

    /// For HandleTurns::Turn.
    HandleTurns& turns() { return turns_; }
    Courier& courier() { return courier_; }

    /// The provider of an inode, made if there is none.
    /// Needs: the inode's turn.
    std::shared_ptr<Provider> find_or_create(const fs::Handle& handle);
    /// nullptr: it is not open.
    std::shared_ptr<Provider> find(const fs::Handle& handle);
    /// Has those told who have the inode open, if anybody has.
    void tell(const fs::Handle& handle, std::uint32_t events);
    /// The last name of an inode has gone.
    /// Needs: the inode's turn.
    void removed(const fs::Handle& handle);

    std::size_t providers() const;

private:
    friend class Provider;
    Registry() = default;
    void forget(const fs::Handle& handle);

    HandleTurns turns_;
    Courier courier_;

    mutable std::mutex mutex_;
    std::map<fs::Handle, std::weak_ptr<Provider>> providers_;
};

}  // namespace quire::server
