// SPDX-License-Identifier: MIT

#include "quire/transfer/directory_chain.hpp"

#include <algorithm>
#include <cerrno>

namespace quire::transfer {

void DirectoryChain::push(fs::NodeReference directory, std::string_view name, bool through_link) {
    fs::Handle handle = directory->handle();
    levels_.push_back({handle, std::move(directory), std::string(name), through_link});
    if (levels_.size() <= held_levels) return;
    const std::size_t last = levels_.size() - 1 - held_levels;
    if (last / stride_ < held_above) return release(last);
    stride_ *= 2;
    for (std::size_t i = 0; i <= last; ++i) release(i);
}

bool DirectoryChain::held(std::size_t index) const {
    return index + held_levels >= levels_.size() || index % stride_ == 0 ||
           levels_[index + 1].through_link;
}

void DirectoryChain::release(std::size_t index) {
    if (!held(index)) levels_[index].node.reset();
}

void DirectoryChain::pop() {
    Level below = std::move(levels_.back());
    levels_.pop_back();
    if (levels_.empty() || levels_.back().node || find_from_above() || !below.node) return;
    if (auto above = find_from_below(below.node))
        levels_.back().node = *std::move(above);
    else
        lost_ = std::move(above).error();
}

// Walks down from the nearest level that is held, and holds again the deepest ones.
Result<void> DirectoryChain::find_from_above() {
    std::size_t index = levels_.size() - 1;
    while (index > 0 && !levels_[index].node) --index;
    fs::NodeReference node = levels_[index].node;
    if (!node) return fail(std::errc::no_such_file_or_directory);
    while (++index < levels_.size()) {
        Level& level = levels_[index];
        QUIRE_TRY_ASSIGN(const Name name, Name::parse(level.name));
        QUIRE_TRY_ASSIGN(node, tree_->lookup(call_, node, name));
        if (node->handle() != level.handle) return fail(std::errc::no_such_file_or_directory);
        if (held(index)) level.node = node;
    }
    return {};
}

Result<fs::NodeReference> DirectoryChain::find_from_below(const fs::NodeReference& below) {
    QUIRE_TRY_ASSIGN(fs::NodeReference above, tree_->parent(call_, below));
    if (above->handle() != levels_.back().handle)
        return fail(static_cast<std::errc>(ESTALE), "it was moved while it was in use");
    return above;
}

bool DirectoryChain::contains(const fs::Handle& handle) const {
    return std::ranges::any_of(levels_, [&](const Level& l) { return l.handle == handle; });
}

Result<fs::NodeReference> DirectoryChain::top() const {
    if (!levels_.back().node) return fail(lost_);
    return levels_.back().node;
}

}  // namespace quire::transfer
