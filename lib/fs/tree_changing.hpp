// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstddef>

#include "files/watchers.hpp"
#include "quire/fs/tree.hpp"

namespace quire::fs {

/// The time of one change of attributes and names. To be taken before the turn, and after those who
/// watch a file's content have been told.
class Tree::Changing {
public:
    /// Of a node's attributes; `access`: and of who may use it.
    Changing(Tree& tree, const Node& node, bool access = false)
        : nodes_{node.cookie()},
          changing_(*tree.watchers_, {.nodes = first_nodes(1), .names = {}, .access = access}) {}
    /// Of a name, and what it stands for.
    Changing(Tree& tree, const Node& directory, const Name& name)
        : nodes_{directory.cookie()},
          names_{{{directory.cookie(), &name}, {}}},
          changing_(*tree.watchers_, {.nodes = first_nodes(1), .names = first_names(1)}) {}
    /// Of a name that becomes one more of a node.
    Changing(Tree& tree, const Node& directory, const Name& name, const Node& node)
        : nodes_{directory.cookie(), node.cookie()},
          names_{{{directory.cookie(), &name}, {}}},
          changing_(*tree.watchers_, {.nodes = first_nodes(2), .names = first_names(1)}) {}
    /// Of two names.
    Changing(Tree& tree, const Node& from_directory, const Name& from, const Node& to_directory,
             const Name& to)
        : nodes_{from_directory.cookie(), to_directory.cookie()},
          names_{{{from_directory.cookie(), &from}, {to_directory.cookie(), &to}}},
          changing_(*tree.watchers_, {.nodes = first_nodes(2), .names = first_names(2)}) {}
    Changing(const Changing&) = delete;
    Changing& operator=(const Changing&) = delete;

private:
    std::span<const Cookie> first_nodes(std::size_t count) const {
        return std::span(nodes_).first(count);
    }
    std::span<const TreeChange::NameIn> first_names(std::size_t count) const {
        return std::span(names_).first(count);
    }

    const std::array<Cookie, 2> nodes_{};
    const std::array<TreeChange::NameIn, 2> names_{};
    const TreeWatchers::Changing changing_;
};

}  // namespace quire::fs
