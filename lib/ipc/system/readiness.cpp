// SPDX-License-Identifier: MIT

#include "quire/ipc/readiness.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cerrno>

namespace quire::ipc {

namespace {

Result<void> notify(const std::string& text) {
    const int sent = ::sd_notify(0, text.c_str());
    if (sent < 0) return fail(static_cast<std::errc>(-sent), "the service manager is not reached");
    return {};
}

}  // namespace

Result<void> report_ready(const std::string& status) {
    // Each line is an assignment of its own.
    std::string line = status;
    std::ranges::replace(line, '\n', ' ');
    return notify("READY=1\nSTATUS=" + line);
}

Result<void> report_stopping() {
    return notify("STOPPING=1");
}

}  // namespace quire::ipc
