// SPDX-License-Identifier: MIT

#include "quire/ipc/call.hpp"

#include <algorithm>

#include "system/now.hpp"

namespace quire::ipc {

Call Call::within(std::chrono::nanoseconds time) {
    const Deadline start = now();
    if (time > Deadline::max() - start) return forever();
    return until(start + std::max(time, std::chrono::nanoseconds::zero()));
}

std::optional<std::chrono::nanoseconds> Call::left() const {
    if (!deadline_) return std::nullopt;
    const Deadline present = now();
    return *deadline_ > present ? *deadline_ - present : std::chrono::nanoseconds::zero();
}

}  // namespace quire::ipc
