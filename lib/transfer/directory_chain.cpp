// SPDX-License-Identifier: MIT

#include "quire/transfer/directory_chain.hpp"

#include <algorithm>
#include <cerrno>

namespace quire::transfer {

void DirectoryChain::push(fs::NodeReference directory, bool through_link) {
    fs::Handle handle = directory->handle();
    levels_.push_back({handle, std::move(directory), through_link});
    if (levels_.size() > held_levels) {
        std::size_t index = levels_.size() - 1 - held_levels;
        if (!levels_[index + 1].through_link) levels_[index].node.reset();
    }
}

void DirectoryChain::pop() {
    Level below = std::move(levels_.back());
    levels_.pop_back();
    if (levels_.empty() || levels_.back().node || !below.node) return;
    auto above = tree_->parent(call_, below.node);
    if (!above)
        lost_ = above.error();
    else if ((*above)->handle() != levels_.back().handle)
        lost_ = Error(static_cast<std::errc>(ESTALE), "it was moved while it was in use");
    else
        levels_.back().node = *above;
}

bool DirectoryChain::contains(const fs::Handle& handle) const {
    return std::ranges::any_of(levels_, [&](const Level& l) { return l.handle == handle; });
}

Result<fs::NodeReference> DirectoryChain::top() const {
    if (!levels_.back().node) return fail(lost_);
    return levels_.back().node;
}

}  // namespace quire::transfer
