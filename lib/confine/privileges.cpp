// SPDX-License-Identifier: MIT

#include "privileges.hpp"

#include <cap-ng.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>

#include "sanitizers.hpp"

namespace quire::confine {

namespace {

Result<void> refuse_threads() {
    return fail(std::errc::device_or_resource_busy,
                "other threads are running, and they would stay unconfined: confine the server "
                "before it makes any");
}

bool holds_any_capability() {
    return ::capng_get_caps_process() != 0 ||
           ::capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE ||
           ::capng_have_capabilities(CAPNG_SELECT_AMBIENT) != CAPNG_NONE;
}

}  // namespace

Result<void> check_only_thread() {
    // /proc/self/task has a directory, and so a link, for each thread besides its own two.
    struct stat tasks{};
    if (::stat("/proc/self/task", &tasks) == 0) {
        if (tasks.st_nlink <= 2 + threads_of_sanitizer + 1) return {};
        return refuse_threads();
    }
    // Without /proc: a process can only stop sharing its memory when no thread shares it.
    if (::unshare(CLONE_VM) == 0) return {};
    if (errno == EINVAL) return refuse_threads();
    return fail(std::errc::operation_not_supported,
                "cannot find out whether other threads are running: mount /proc for the server");
}

Result<void> check_unconfined() {
    if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0) return {};
    return fail(std::errc::operation_not_permitted,
                "this process is confined already, or prctl is forbidden to it");
}

Result<void> forbid_inspection() {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0) return fail_errno("cannot forbid core files");
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fail_errno("cannot keep other processes out of the server's memory");

    constexpr unsigned long ask = 0xffffffff;
    const int persona = ::personality(ask);
    if (persona < 0) return fail_errno("cannot find out the server's personality");
    const auto wanted = static_cast<unsigned>(persona) & ~static_cast<unsigned>(READ_IMPLIES_EXEC);
    if (wanted != static_cast<unsigned>(persona) && ::personality(wanted) < 0)
        return fail_errno("cannot make readable memory not executable");
    return {};
}

Result<bool> drop_capabilities() {
    if (::capng_get_caps_process() != 0)
        return fail(std::errc::io_error, "cannot find out the server's capabilities");
    const bool may_drop_bounds = ::capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
    if (may_drop_bounds && ::capng_lock() != 0)
        return fail_errno("cannot lock the server's secure bits");

    ::capng_clear(CAPNG_SELECT_ALL);
    if (const int failed = ::capng_apply(CAPNG_SELECT_ALL); failed != 0) {
        return fail(
            std::errc::operation_not_permitted,
            fmt::format("cannot drop the server's capabilities (step {} of libcap-ng)", -failed));
    }
    if (holds_any_capability()) {
        return fail(std::errc::operation_not_permitted,
                    "the server still holds capabilities after dropping them");
    }
    return may_drop_bounds;
}

Result<void> forbid_new_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return {};
    const std::errc code = errno == EPERM || errno == EACCES ? std::errc::operation_not_permitted
                                                             : std::errc::operation_not_supported;
    return fail(code,
                "cannot set no_new_privs, without which no server starts: use Linux 3.5 or later, "
                "and let the container allow prctl");
}

}  // namespace quire::confine
