// SPDX-License-Identifier: MIT

#include "registry/provider.hpp"

#include <algorithm>

#include "registry/registry.hpp"

namespace quire::server {

Provider::Provider(std::shared_ptr<Registry> registry, const fs::Handle& handle)
    : registry_(std::move(registry)), handle_(handle) {}

Provider::~Provider() {
    registry_->forget(handle_);
}

void Provider::subscribe(std::shared_ptr<Subscription> subscription) {
    const std::lock_guard lock(mutex_);
    subscriptions_.push_back(std::move(subscription));
    heard_ = true;
}

void Provider::unsubscribe(const std::shared_ptr<Subscription>& subscription) {
    {
        const std::lock_guard lock(mutex_);
        std::erase(subscriptions_, subscription);
        heard_ = !subscriptions_.empty();
    }
    registry_->courier().end(subscription);
}

void Provider::tell(std::uint32_t events) {
    if (!heard_) return;
    std::vector<std::shared_ptr<Subscription>> listening;
    {
        const std::lock_guard lock(mutex_);
        listening = subscriptions_;
    }
    // To one that has ended meanwhile the courier brings nothing.
    for (const auto& subscription : listening)
        if (const std::uint32_t wanted = subscription->events() & events; wanted != 0)
            registry_->courier().post(subscription, wanted);
}

}  // namespace quire::server
