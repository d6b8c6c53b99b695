// SPDX-License-Identifier: MIT

#include "identity.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace quire::conformance {

namespace {

void call_or_abort(long answer) {
    // Going on as somebody else would be worse than no answer.
    if (answer != 0) std::abort();
}

}  // namespace

Identity::Identity(const fs::Credentials& who)
    : other_(who.uid != 0 || who.gid != 0 || !who.groups.empty()), has_umask_(who.umask != 0) {
    if (has_umask_) ::umask(who.umask);
    if (!other_) return;
    call_or_abort(::syscall(SYS_setgroups, who.groups.size(), who.groups.data()));
    call_or_abort(::syscall(SYS_setresgid, -1, who.gid, -1));
    if (who.uid != 0) call_or_abort(::syscall(SYS_setresuid, -1, who.uid, -1));
}

Identity::~Identity() {
    const int error = errno;  // of the call that was made as the other
    if (other_) {
        call_or_abort(::syscall(SYS_setresuid, -1, 0, -1));
        call_or_abort(::syscall(SYS_setresgid, -1, 0, -1));
        call_or_abort(::syscall(SYS_setgroups, 0, nullptr));
    }
    if (has_umask_) ::umask(0);
    errno = error;
}

bool may_change_identity() {
    if (::geteuid() != 0) return false;
    return ::syscall(SYS_setgroups, 0, nullptr) == 0;
}

}  // namespace quire::conformance
