// SPDX-License-Identifier: MIT

#pragma once

#include "quire/fs/tree.hpp"

namespace quire::fs {

/// Holds a volume as its thread model asks, for the time of one call. No node reference may be
/// dropped while a turn is held: answering lookups takes a turn of its own.
class Tree::Turn : private fs::Turn {
public:
    /// For a call on one node that no names are part of.
    Turn(Tree& tree, Cookie node) : fs::Turn(tree.turns_, node) {}
    /// For a call on names, several nodes or the whole volume.
    explicit Turn(Tree& tree) : fs::Turn(tree.turns_) {}
};

}  // namespace quire::fs
