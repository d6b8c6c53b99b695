// SPDX-License-Identifier: MIT

#include "pool/pin_list.hpp"

#include <algorithm>
#include <utility>

namespace quire::paging {

void PinList::add(std::weak_ptr<const Pins> pins) {
    std::erase_if(all_, [](const auto& other) { return other.expired(); });
    const auto same = [&](const auto& other) {
        return !other.owner_before(pins) && !pins.owner_before(other);
    };
    if (std::ranges::any_of(all_, same)) return;
    runs_.reserve((all_.size() + 1) * most_pins);
    all_.push_back(std::move(pins));
}

std::span<const std::uint32_t> PinList::now() {
    runs_.clear();
    for (const auto& pins : all_)
        if (const auto living = pins.lock()) living->add_to(runs_);
    std::ranges::sort(runs_);
    return runs_;
}

}  // namespace quire::paging
