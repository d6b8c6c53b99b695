// SPDX-License-Identifier: MIT

#include "quire/base/time.hpp"

#include <ctime>

namespace quire {

Time SystemClock::now() const {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return Time{now.tv_sec, static_cast<std::uint32_t>(now.tv_nsec)};
}

}  // namespace quire
