// SPDX-License-Identifier: MIT

#include "pages/domains.hpp"

#include <algorithm>

namespace quire::server {

std::shared_ptr<paging::Domain> Domains::of(const Authority& authority) {
    if (!pool_) return nullptr;
    if (!authority.whole()) return pool_->make_domain();
    const fs::Credentials& identity = authority.identity();
    std::vector<std::uint32_t> groups(identity.groups.begin(), identity.groups.end());
    std::ranges::sort(groups);
    const std::scoped_lock lock(mutex_);
    std::weak_ptr<paging::Domain>& place =
        domains_[Key(identity.uid, identity.gid, std::move(groups))];
    if (auto domain = place.lock()) return domain;
    auto domain = pool_->make_domain();
    place = domain;
    // Of those who have gone; this one is there.
    std::erase_if(domains_, [](const auto& other) { return other.second.expired(); });
    return domain;
}

void Domains::begin_change(const fs::TreeChange& change) {
    if (change.access && pool_) pool_->scrub();
}

}  // namespace quire::server
