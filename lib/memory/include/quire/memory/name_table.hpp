// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/memory/name_layout.hpp"

namespace quire::paging {

struct PoolState;

/// A node as who shows it knows it: a number that is its own for as long as `hold` is kept.
struct HeldNode {
    std::uint64_t key = 0;
    std::shared_ptr<const void> hold;
};

/// What the clients of one domain find without asking: what names lead to, attributes, and the
/// content of small files. It is a tree that begins at the root: what is shown is below what is.
///
/// Whoever changes a name or node takes away what is shown of it before; who shows something says
/// that nothing of it has changed since it was found out. What was held, and is not any more, is
/// given back to the caller, who lets go of it where that may be done.
/// Threads: any. Its lock is a leaf.
class NameTable {
public:
    /// What was shown, and is not any more.
    struct Left {
        std::uint64_t identity = 0;
        HeldNode node;
        /// Since who may use the node changed last, its content was shown: the identity of the domain
        /// could open it without asking.
        bool was_readable = false;
    };
    using Gone = std::vector<Left>;

    /// Below a domain, for which Domain::names() makes it.
    class Impl;
    explicit NameTable(std::unique_ptr<Impl> impl);
    ~NameTable();
    NameTable(const NameTable&) = delete;
    NameTable& operator=(const NameTable&) = delete;

    const NameTableShape& shape() const;

    struct Details {
        NodeImage attributes;
        /// Of a directory: the identity may search it.
        bool searchable = false;
        /// The whole content of a file that the identity may read, or where a symbolic link leads;
        /// `with_content` says whether it is known. What is too long is not shown (longest_shown_content).
        bool with_content = false;
        std::span<const std::byte> content = {};
    };

    /// Whether a node is shown, with its attributes; with `searchable`, as a directory to search.
    bool shows(std::uint64_t node, bool searchable) const;

    // What is shown already stays, and gets what is new in the details.

    void show_root(const HeldNode& root, const Details& details, Gone& gone);
    /// Nothing happens where the directory is not shown, or memory is short.
    void show(std::uint64_t directory, std::string_view name, const HeldNode& node,
              const Details& details, Gone& gone);
    /// There is no such name.
    void show_missing(std::uint64_t directory, std::string_view name, Gone& gone);

    /// What the name leads to, and what is below that.
    void take_away(std::uint64_t directory, std::string_view name, Gone& gone);
    /// The attributes and content of a node. What is below stays, and is found again when the node
    /// is shown again.
    void hide(std::uint64_t node);
    /// The same where it changes who may use the node, and go through it: what could be read there and
    /// below is not readable any more, and given to `left`.
    void hide_for_access(std::uint64_t node, Gone& left);

    /// The node of a record that is readable, as above; it may be hidden. Nothing where there is none.
    std::optional<HeldNode> find_readable(std::uint64_t identity) const;

    struct Counters {
        std::size_t shown = 0;    ///< records that can be found
        std::size_t hidden = 0;   ///< that wait to be shown again
        std::uint64_t taken = 0;  ///< by others, for want of room
    };
    Counters counters() const;
    /// Lets go of everything.
    Gone clear();

private:
    const std::unique_ptr<Impl> impl_;
};

}  // namespace quire::paging
