// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "quire/fs/tree.hpp"

namespace quire::server {

/// What a capability for a filesystem lets its holder do: act as one identity, in a whole tree or
/// below one directory, for reading only or also for changes. A value that never changes; another
/// one made of it can only have less.
/// Threads: any.
class Authority {
public:
    using Deadline = std::optional<std::chrono::steady_clock::time_point>;

    /// All of a tree, as `identity`. For who owns the tree: this is where authority comes from.
    Authority(std::shared_ptr<fs::Tree> tree, fs::Credentials identity, bool read_only = false);

    fs::Tree& tree() const { return *tree_; }
    const fs::Credentials& identity() const { return identity_; }
    bool read_only() const { return read_only_; }
    /// The directory that the holder sees as the root.
    const fs::NodeReference& top() const { return top_; }
    /// Whether that is the tree's own root.
    bool whole() const { return whole_; }

    /// What operations on the tree are called with.
    fs::Call call(Deadline deadline = {}) const { return {identity_, deadline}; }
    /// Somebody's call, as what this was made for.
    fs::Call call(const fs::Call& somebody) const { return somebody.as(identity_); }

    /// Fails: read_only_file_system.
    Result<void> may_change() const;

    /// The same below `path` only, where the identity finds it, and for reading only where
    /// `read_only` says so (what is read-only stays so).
    /// Fails: as a walk; not_a_directory; permission_denied (it may not be searched).
    Result<Authority> narrow(const Path& path, bool read_only, Deadline deadline = {}) const;

    /// The same for reading only.
    Authority for_reading() const;
    /// The same for somebody else. Fails: operation_not_permitted (only root's authority comprises
    /// everybody's).
    Result<Authority> acting_as(fs::Credentials identity) const;

    /// Walks that cannot leave the top.
    Result<fs::Found> find(const fs::Call& call, const Path& path, fs::Follow follow,
                           fs::Trail* trail = nullptr) const {
        return tree_->find_below(call, top_, path, follow, trail);
    }
    Result<fs::Parent> find_parent(const fs::Call& call, const Path& path) const {
        return tree_->find_parent_below(call, top_, path);
    }

    /// Asks whether a directory that was found below the top is there yet; `moves` is what the last
    /// such question answered, or 0, and saves asking again while nothing has moved.
    /// Fails: std::errc(ESTALE) (somebody has moved it out); io_error.
    Result<std::uint64_t> still_below(const fs::Call& call, const fs::NodeReference& directory,
                                      std::uint64_t moves) const;

private:
    std::shared_ptr<fs::Tree> tree_;
    fs::Credentials identity_;
    fs::NodeReference top_;
    bool read_only_ = false;
    bool whole_ = true;
};

}  // namespace quire::server
