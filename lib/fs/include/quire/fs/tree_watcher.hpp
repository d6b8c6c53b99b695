// SPDX-License-Identifier: MIT

#pragma once

#include <span>

#include "quire/base/name.hpp"
#include "quire/fs/observer.hpp"

namespace quire::fs {

/// What of a tree is about to change.
struct TreeChange {
    struct NameIn {
        Cookie directory = 0;
        const Name* name = nullptr;
    };

    /// Nodes of which some attribute may change. What has a name that changes may change too, and is
    /// named here only if it can be found by another name.
    std::span<const Cookie> nodes;
    /// Names that may come, go, or lead elsewhere.
    std::span<const NameIn> names;
    /// Also who may use the nodes.
    bool access = false;
};

/// Hears of changes of attributes and names before they happen and when they have, whoever makes
/// them: for those above a tree who keep what they were answered, and must not show it for a moment
/// longer than it counts. Changes of content come with those of its file's attributes, and after
/// those who watch that file have heard of them.
///
/// Both are called in the middle of the operation, without the volume's turn: they may wait for
/// nothing that such an operation could be waiting for. The first may not call the tree; the second
/// may let go of nodes.
/// Threads: any, several changes at once.
class TreeWatcher {
public:
    virtual ~TreeWatcher() = default;

    virtual void begin_change(const TreeChange& change) = 0;
    /// It has happened, or not, or in part.
    virtual void end_change(const TreeChange& change) = 0;
};

}  // namespace quire::fs
