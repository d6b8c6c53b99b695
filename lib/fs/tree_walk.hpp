// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <vector>

#include "quire/fs/tree.hpp"

namespace quire::fs {

/// One walk of a path. It never leaves `top`: what that is to somebody else's tree, the root is
/// here.
class Tree::Walk {
public:
    /// Begins at the top.
    Walk(Tree& tree, const Call& call, NodeReference top, Trail* trail = nullptr);
    /// Begins somewhere else. Needs: `top` is the tree's root.
    Walk(Tree& tree, const Call& call, NodeReference top, NodeReference start);

    Result<void> go(const Path& path, Follow follow);
    Result<Parent> parent_of(const Path& path);

    /// Where the walk is.
    const NodeReference& node() const { return chain_.back(); }
    Result<Found> found();

private:
    void restart();
    Result<void> up();
    Result<Found> look_up(const Name& name);
    Result<void> may_search();

    Tree& tree_;
    const Call& call_;
    NodeReference top_;
    // The directories walked through, from the top or the beginning down to where the walk is.
    std::vector<NodeReference> chain_;
    std::optional<Attributes> attributes_;  // of the last one, when finding it brought them
    Trail* const trail_;
};

}  // namespace quire::fs
