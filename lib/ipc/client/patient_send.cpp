// SPDX-License-Identifier: MIT

#include "client/patient_send.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <optional>
#include <stop_token>

#include "system/sockets.hpp"
#include "system/wake_up.hpp"

namespace quire::ipc {

Result<void> check_wanted(const Call& call) {
    if (call.cancelled()) return fail(std::errc::operation_canceled);
    if (call.expired()) return fail(std::errc::timed_out);
    return {};
}

Result<void> send_patiently(int fd, const Call& call,
                            const std::function<Result<void>()>& attempt) {
    auto sent = attempt();
    if (sent || sent.error() != std::errc::resource_unavailable_try_again) return sent;

    // Only now: a queue is hardly ever full.
    std::optional<WakeUp> wake_up;
    if (call.token().stop_possible()) {
        QUIRE_TRY_ASSIGN(wake_up, WakeUp::create());
    }
    const std::stop_callback cancelled(call.token(), [&] {
        if (wake_up) wake_up->ring();
    });
    while (!sent && sent.error() == std::errc::resource_unavailable_try_again) {
        QUIRE_TRY(check_wanted(call));
        wait_until_ready(fd, POLLOUT, wake_up ? wake_up->fd() : -1, call.left());
        sent = attempt();
    }
    return sent;
}

}  // namespace quire::ipc
