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

// Pages that are made in the middle of a change hear of its beginning here, so that all that are
// there at its end have heard of both.
Result<std::shared_ptr<paging::FilePages>> Provider::pages(
    const std::shared_ptr<paging::Domain>& domain) {
    const std::lock_guard lock(mutex_);
    std::erase_if(shown_, [](const Shown& shown) { return shown.pages.expired(); });
    for (const Shown& shown : shown_) {
        if (shown.domain.lock() != domain) continue;
        if (auto pages = shown.pages.lock()) return pages;
    }
    QUIRE_TRY_ASSIGN(auto pages, domain->make_file());
    for (const fs::ContentChange& change : changing_)
        pages->begin_change(change.offset, change.length);
    shown_.push_back({domain, pages});
    return pages;
}

void Provider::begin_change(const fs::ContentChange& change) {
    // Who may read it is asked again when its size is.
    fs::ContentChange what = change;
    if (change.access) what = {.offset = 0, .length = fs::ContentChange::to_the_end};
    const std::lock_guard lock(mutex_);
    changing_.push_back(what);
    for (const Shown& shown : shown_)
        if (const auto pages = shown.pages.lock()) pages->begin_change(what.offset, what.length);
}

void Provider::end_change(const fs::ContentChange&) {
    const std::lock_guard lock(mutex_);
    // Which of them is over makes no difference to what is seen: nothing is, until all are.
    changing_.pop_back();
    for (const Shown& shown : shown_)
        if (const auto pages = shown.pages.lock()) pages->end_change();
}

}  // namespace quire::server
