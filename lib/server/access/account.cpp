// SPDX-License-Identifier: MIT

#include "access/account.hpp"

namespace quire::server {

bool Allowance::take(std::uint64_t amount) {
    std::uint64_t used = used_;
    do {
        if (amount > limit_ || used > limit_ - amount) return false;
    } while (!used_.compare_exchange_weak(used, used + amount));
    return true;
}

}  // namespace quire::server
