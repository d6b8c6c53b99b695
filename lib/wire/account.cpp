// SPDX-License-Identifier: MIT

#include "quire/wire/account.hpp"

namespace quire::wire {

bool Allowance::take(std::uint64_t amount) {
    std::uint64_t used = used_;
    do {
        if (amount > limit_ || used > limit_ - amount) return false;
    } while (!used_.compare_exchange_weak(used, used + amount));
    return true;
}

}  // namespace quire::wire
