// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace quire::tests {

/// What a thread of a model has stored and others may not see yet, for as many places as there can be
/// at a time. Equal ones have the same future.
class DelayedStores {
public:
    struct Store {
        std::uint8_t rank = 0;
        std::uint8_t place = 0;
        std::uint8_t value = 0;
        auto operator<=>(const Store&) const = default;
    };

    std::uint8_t count() const { return count_; }

    /// Is seen at any time from now on, but after what has been stored there before.
    void put(std::uint8_t place, std::uint8_t value) {
        const bool again = std::any_of(all_.begin(), all_.begin() + count_,
                                       [&](const Store& one) { return one.place == place; });
        insert({last_rank(), place, value}, again);
    }
    /// A release: is seen after all that has been stored before.
    void put_last(std::uint8_t place, std::uint8_t value) {
        insert({last_rank(), place, value}, true);
    }

    /// Whether that one can be seen next.
    bool is_first(std::uint8_t which) const { return which < count_ && all_[which].rank == 0; }
    Store take(std::uint8_t which) {
        const Store store = all_[which];
        std::copy(all_.begin() + which + 1, all_.begin() + count_, all_.begin() + which);
        all_[--count_] = {};
        const std::uint8_t lowest = all_[0].rank;
        for (std::uint8_t i = 0; i < count_; ++i)
            all_[i].rank = static_cast<std::uint8_t>(all_[i].rank - lowest);
        return store;
    }
    bool operator==(const DelayedStores&) const = default;

private:
    std::uint8_t last_rank() const {
        return count_ == 0 ? std::uint8_t{0} : all_[count_ - std::size_t{1}].rank;
    }
    void insert(Store store, bool later) {
        if (later && count_ > 0) ++store.rank;
        all_.at(count_++) = store;
        std::sort(all_.begin(), all_.begin() + count_);
    }

    // In their order; those of one rank are seen in any.
    std::array<Store, 4> all_{};
    std::uint8_t count_ = 0;
};

}  // namespace quire::tests
