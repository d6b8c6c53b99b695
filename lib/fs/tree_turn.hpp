// SPDX-License-Identifier: MIT

#pragma once

#include "quire/fs/tree.hpp"

namespace quire::fs {

/// Holds a volume as its thread model asks, for the time of one call. No node reference may be
/// dropped while a turn is held: answering lookups takes a turn of its own.
class Tree::Turn {
public:
    /// For a call on one node that no names are part of.
    Turn(Tree& tree, Cookie node) {
        switch (tree.volume_->thread_model()) {
            case ThreadModel::serial:
                exclusive_ = std::unique_lock(tree.names_);
                break;
            case ThreadModel::per_node:
                shared_ = std::shared_lock(tree.names_);
                stripe_ = std::unique_lock(tree.stripes_[node % tree.stripes_.size()]);
                break;
            case ThreadModel::parallel:
                break;
        }
    }

    /// For a call on names, several nodes or the whole volume.
    explicit Turn(Tree& tree) {
        if (tree.volume_->thread_model() != ThreadModel::parallel)
            exclusive_ = std::unique_lock(tree.names_);
    }

private:
    std::unique_lock<std::shared_mutex> exclusive_;
    std::shared_lock<std::shared_mutex> shared_;
    std::unique_lock<std::mutex> stripe_;
};

}  // namespace quire::fs
