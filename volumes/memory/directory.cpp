// SPDX-License-Identifier: MIT

#include "directory.hpp"

#include "node.hpp"

namespace quire::memory {

std::shared_ptr<Node> Directory::find(std::string_view name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : slots_.at(found->second).node;
}

Result<void> Directory::insert(const Name& name, std::shared_ptr<Node> node) {
    QUIRE_TRY(charge_.grow(cost(name.view())));
    const auto slot = slots_.emplace(++last_, Slot{name.text(), std::move(node)}).first;
    index_.emplace(slot->second.name, slot->first);
    return {};
}

void Directory::replace(const Name& name, std::shared_ptr<Node> node) {
    slots_.at(index_.at(name.view())).node = std::move(node);
}

void Directory::erase(const Name& name) {
    const auto found = index_.find(name.view());
    const fs::Position position = found->second;
    index_.erase(found);
    slots_.erase(position);
    charge_.shrink(cost(name.view()));
}

void Directory::clear() {
    index_.clear();
    slots_.clear();
}

}  // namespace quire::memory
