// SPDX-License-Identifier: MIT

#include "registry/registry.hpp"

namespace quire::server {

std::shared_ptr<Provider> Registry::find_or_create(const fs::Handle& handle) {
    const std::lock_guard lock(mutex_);
    std::weak_ptr<Provider>& place = providers_[handle];
    if (auto provider = place.lock()) return provider;
    auto provider = std::make_shared<Provider>(shared_from_this(), handle);
    place = provider;
    return provider;
}

std::shared_ptr<Provider> Registry::find(const fs::Handle& handle) {
    const std::lock_guard lock(mutex_);
    const auto found = providers_.find(handle);
    return found == providers_.end() ? nullptr : found->second.lock();
}

void Registry::tell(const fs::Handle& handle, std::uint32_t events) {
    if (const auto provider = find(handle)) provider->tell(events);
}

void Registry::removed(const fs::Handle& handle) {
    const auto provider = find(handle);
    if (!provider) return;
    provider->mark_removed();
    provider->tell(protocols::event_removed);
}

// A provider may die while another one of the same inode is made: that one stays.
void Registry::forget(const fs::Handle& handle) {
    const std::lock_guard lock(mutex_);
    const auto found = providers_.find(handle);
    if (found != providers_.end() && found->second.expired()) providers_.erase(found);
}

std::size_t Registry::providers() const {
    const std::lock_guard lock(mutex_);
    return providers_.size();
}

}  // namespace quire::server
