// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <stop_token>
#include <system_error>
#include <thread>

#include "quire/ipc/call.hpp"

namespace quire::ipc {

/// Makes a call that is given up when `is_under_way`, on another thread, returns. A deadline could
/// pass before the request is sent.
template <typename Make, typename Wait>
void give_up(Make&& make, Wait&& is_under_way) {
    std::stop_source source;
    const std::jthread other([&] {
        is_under_way();
        source.request_stop();
    });
    EXPECT_EQ(make(Call::forever().cancelled_by(source.get_token())).error(),
              std::errc::operation_canceled);
}

/// Waits for a message, and leaves it.
inline void wait_for_message(int end) {
    pollfd request{.fd = end, .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&request, 1, -1), 1);
}

}  // namespace quire::ipc
