// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quire/fs/tree.hpp"

namespace quire::transfer {

/// The directories from the start of a walk down to where it is.
///
/// A reference to a node may cost its volume a file descriptor, and trees may be deeper than a
/// process has descriptors. So only the deepest few are held, and some on the way to them; the
/// others are found again by their names on the way up, or through `..` where that fails, and
/// their handles show whether they are still the same.
class DirectoryChain {
public:
    static constexpr std::size_t held_levels = 64;
    static constexpr std::size_t held_above = 16;

    DirectoryChain(std::shared_ptr<fs::Tree> tree, fs::Call call)
        : tree_(std::move(tree)), call_(std::move(call)) {}

    /// Goes down. `name`: of the directory in the level above; without names the way up is found
    /// through `..` alone, which on a host costs more the deeper it is. `through_link`: the
    /// directory was reached by a symbolic link, so that its `..` is not the level above, which is
    /// then held.
    void push(fs::NodeReference directory, std::string_view name = {}, bool through_link = false);
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
        std::string name;
        bool through_link = false;
    };

    bool held(std::size_t index) const;
    void release(std::size_t index);
    Result<void> find_from_above();
    Result<fs::NodeReference> find_from_below(const fs::NodeReference& below);

    std::shared_ptr<fs::Tree> tree_;
    fs::Call call_;
    std::vector<Level> levels_;
    std::size_t stride_ = held_levels;  // of the levels held above the deepest ones
    Error lost_ = Error(std::errc::no_such_file_or_directory);
};

}  // namespace quire::transfer
