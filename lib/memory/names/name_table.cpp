// SPDX-License-Identifier: MIT

#include "quire/memory/name_table.hpp"

#include <mutex>
#include <utility>

#include "names/name_table_impl.hpp"

namespace quire::paging {

NameTable::NameTable(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

NameTable::~NameTable() {
    // Before the lock is needed once more, and after it is not.
    const Gone gone = clear();
}

const NameTableShape& NameTable::shape() const {
    return impl_->shape;
}

void NameTable::show_root(const HeldNode& root, const Details& details, Gone& gone) {
    const std::scoped_lock lock(impl_->pool->mutex);
    impl_->put(0, {}, root, &details, gone);
}

void NameTable::show(std::uint64_t directory, std::string_view name, const HeldNode& node,
                     const Details& details, Gone& gone) {
    if (name.empty() || name.size() > longest_shown_name) return;
    const std::scoped_lock lock(impl_->pool->mutex);
    const std::uint32_t slot = impl_->find_key(directory);
    if (slot != 0) impl_->put(slot, name, node, &details, gone);
}

void NameTable::show_missing(std::uint64_t directory, std::string_view name, Gone& gone) {
    if (name.empty() || name.size() > longest_shown_name) return;
    const std::scoped_lock lock(impl_->pool->mutex);
    const std::uint32_t slot = impl_->find_key(directory);
    if (slot != 0) impl_->put(slot, name, {}, nullptr, gone);
}

void NameTable::take_away(std::uint64_t directory, std::string_view name, Gone& gone) {
    const std::scoped_lock lock(impl_->pool->mutex);
    const std::uint32_t above = impl_->find_key(directory);
    const std::uint32_t slot = above == 0 ? 0 : impl_->find(above, name);
    if (slot != 0) impl_->remove(slot, gone);
}

void NameTable::hide(std::uint64_t node) {
    const std::scoped_lock lock(impl_->pool->mutex);
    if (const std::uint32_t slot = impl_->find_key(node); slot != 0) impl_->hide(slot);
}

void NameTable::hide_for_access(std::uint64_t node, Gone& left) {
    const std::scoped_lock lock(impl_->pool->mutex);
    const std::uint32_t slot = impl_->find_key(node);
    if (slot == 0) return;
    impl_->hide(slot);
    impl_->make_unreadable(slot, left);
}

bool NameTable::shows(std::uint64_t node, bool searchable) const {
    const std::scoped_lock lock(impl_->pool->mutex);
    const std::uint32_t slot = impl_->find_key(node);
    return slot != 0 && impl_->is_shown(slot, searchable ? record_searchable : 0);
}

std::optional<HeldNode> NameTable::find_readable(std::uint64_t identity) const {
    const std::scoped_lock lock(impl_->pool->mutex);
    const std::uint32_t slot = impl_->find_identity(identity);
    if (slot == 0 || !impl_->is_readable(slot)) return std::nullopt;
    return impl_->node(slot);
}

NameTable::Counters NameTable::counters() const {
    const std::scoped_lock lock(impl_->pool->mutex);
    return impl_->counters();
}

NameTable::Gone NameTable::clear() {
    const std::scoped_lock lock(impl_->pool->mutex);
    return impl_->clear();
}

}  // namespace quire::paging
