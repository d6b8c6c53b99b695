// SPDX-License-Identifier: MIT

#include "model/steps.hpp"

#include <algorithm>

namespace quire::idl {

Steps Steps::scalar(std::size_t size) {
    Steps steps;
    for (std::size_t r = 0; r < 8; ++r) steps.by_[r] = (size - r % size) % size + size;
    return steps;
}

Steps Steps::bytes(std::uint64_t count) {
    Steps steps;
    steps.by_.fill(std::min(count, endless));
    return steps;
}

Steps Steps::then(const Steps& next) const {
    Steps steps;
    for (std::uint64_t r = 0; r < 8; ++r) steps.by_[r] = add(by_[r], next.by_[(r + by_[r]) % 8]);
    return steps;
}

Steps Steps::times(std::uint64_t count) const {
    Steps result;
    for (Steps power = *this; count != 0; count >>= 1) {
        if (count & 1) result = result.then(power);
        power = power.then(power);
    }
    return result;
}

Measure Measure::then(const Measure& next) const {
    return {least.then(next.least), most.then(next.most),
            std::min(descriptors + next.descriptors, Steps::endless)};
}

}  // namespace quire::idl
