// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>

namespace quire::ipc {

/// The one place where this room reads a clock.
inline std::chrono::steady_clock::time_point now() {
    return std::chrono::steady_clock::now();
}

}  // namespace quire::ipc
