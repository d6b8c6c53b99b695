// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <string>

#include "quire/fs/tree.hpp"

namespace quire::app {

/// One node that a traversal comes to.
struct Visit {
    /// Names from the start on, joined with `/`; empty for the start itself. Raw bytes.
    const std::string& path;
    /// The last of them.
    std::string_view name;
    const fs::Attributes& attributes;
    std::size_t depth = 0;  ///< 0 is the start
    /// Whether no sibling comes after this one; known only when the order is by name.
    bool last = false;
};

enum class Descend : bool { no, yes };

struct Traversal {
    /// Deeper nodes are not visited.
    std::size_t max_depth = std::numeric_limits<std::size_t>::max();
    /// By name within each directory; otherwise in the directory's own order, some at a time,
    /// which bounds the memory that a huge directory takes.
    bool by_name = false;
    /// False leaves an entry out as if it were not there.
    std::function<bool(std::string_view name, fs::FileType type)> wanted = nullptr;
    /// A node, before what is in it.
    std::function<Descend(const Visit&)> enter;
    /// A directory, about to be descended into.
    std::function<void(const Visit&, const fs::NodeReference&)> open = nullptr;
    /// A directory that was descended into, after what is in it.
    std::function<void(const Visit&)> leave = nullptr;
    /// What can't be read; the traversal goes on. `path` as in Visit.
    std::function<void(const std::string& path, Error)> failed;
    /// Asked now and then: false ends the traversal.
    std::function<bool()> go_on = nullptr;
};

/// Visits `start` and what is below it, never following symbolic links. Directories may be nested
/// as deep as a hostile image likes; a directory that is its own ancestor is told to `failed`.
void traverse(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
              const fs::NodeReference& start, const Traversal& traversal);

}  // namespace quire::app
