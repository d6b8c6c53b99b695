// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "quire/fs/tree.hpp"

namespace quire::transfer {

/// The first name under which each node with several links was met, to find hard links again.
/// Only such nodes are kept, and each no longer than names of it are missing.
template <typename First>
class LinkMap {
public:
    /// What was kept for the node, or nullptr when this is its first name. Counts the name.
    const First* find(const fs::Tree& tree, const fs::Handle& handle) {
        auto found = nodes_.find({&tree, handle});
        if (found == nodes_.end()) return nullptr;
        if (found->second.missing > 1) {
            --found->second.missing;
            return &found->second.first;
        }
        last_ = std::move(found->second.first);
        nodes_.erase(found);
        return &last_;
    }

    /// Keeps the first name of a node with `links` names.
    void add(const fs::Tree& tree, const fs::Handle& handle, std::uint32_t links, First first) {
        if (links > 1) nodes_.insert_or_assign({&tree, handle}, Kept{std::move(first), links - 1});
    }

    std::size_t size() const { return nodes_.size(); }

private:
    struct Kept {
        First first;
        std::uint32_t missing = 0;
    };
    std::map<std::pair<const fs::Tree*, fs::Handle>, Kept> nodes_;
    First last_{};  // so that the answer of find() outlives its entry
};

}  // namespace quire::transfer
