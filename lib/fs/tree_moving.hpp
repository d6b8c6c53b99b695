// SPDX-License-Identifier: MIT

#pragma once

#include "quire/fs/tree.hpp"

namespace quire::fs {

/// Counts a rename that may move a directory, for as long as it lasts. To be taken before the turn.
class Tree::Moving {
public:
    /// What a name stands for can change until the volume is called; so every rename from one
    /// directory to another one counts.
    Moving(Tree& tree, const NodeReference& from, const NodeReference& to) {
        if (from->cookie() == to->cookie()) return;
        tree_ = &tree;
        const std::lock_guard gate(tree.moves_gate_);
        ++tree.moves_begun_;
    }
    ~Moving() {
        if (tree_) ++tree_->moves_ended_;
    }
    Moving(const Moving&) = delete;
    Moving& operator=(const Moving&) = delete;

private:
    Tree* tree_ = nullptr;
};

}  // namespace quire::fs
