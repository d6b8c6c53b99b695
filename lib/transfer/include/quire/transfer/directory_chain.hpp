// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <vector>

#include "quire/fs/tree.hpp"

namespace quire::transfer {

/// The directories from the start of a walk down to where it is.
///
/// A reference to a node may cost its volume a file descriptor, and trees may be deeper than a
/// process has descriptors. So only the deepest few are held; those above are found again
/// through `..` on the way up, and their handles show whether they are still the same.
class DirectoryChain {
public:
    static constexpr std::size_t held_levels = 64;

    DirectoryChain(std::shared_ptr<fs::Tree> tree, fs::Call call)
        : tree_(std::move(tree)), call_(std::move(call)) {}

    /// Goes down. `through_link`: the directory was reached by a symbolic link, so that its `..`
    /// is not the level above, which is then held.
    void push(fs::NodeReference directory, bool through_link = false);
    /// Goes up. Needs: !empty().
    void pop();

    bool empty() const { return levels_.empty(); }
    std::size_t depth() const { return levels_.size(); }
    /// Whether a directory is on the chain already: a walk into it would not end.
    bool contains(const fs::Handle& handle) const;

    /// The deepest directory. Needs: !empty(). Fails: ESTALE (it was moved while the walk was
    /// below it) and what its volume reports.
    Result<fs::NodeReference> top() const;

private:
    struct Level {
        fs::Handle handle;
        fs::NodeReference node;  // empty when it is not held
        bool through_link = false;
    };

    std::shared_ptr<fs::Tree> tree_;
    fs::Call call_;
    std::vector<Level> levels_;
    Error lost_ = Error(std::errc::no_such_file_or_directory);
};

}  // namespace quire::transfer
