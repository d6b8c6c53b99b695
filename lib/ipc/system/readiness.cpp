// SPDX-License-Identifier: MIT

#include "quire/ipc/readiness.hpp"

#include <dlfcn.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace quire::ipc {

namespace {

// The library is loaded where there is somebody to be told, since it brings five others, and every
// command would wait for them.
Result<void> notify(const std::string& text) {
    if (std::getenv("NOTIFY_SOCKET") == nullptr) return {};
    void* const library = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    const auto notify_manager = reinterpret_cast<decltype(&::sd_notify)>(
        library == nullptr ? nullptr : ::dlsym(library, "sd_notify"));
    if (notify_manager == nullptr)
        return fail(std::errc::operation_not_supported,
                    "libsystemd, which would tell the service manager, is not there");
    const int sent = notify_manager(0, text.c_str());
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
