// SPDX-License-Identifier: MIT

// libc makes fstat(fd) of newfstatat(fd, "", AT_EMPTY_PATH), and that call also tells the size and
// times of any file that has a name. A filter sees where a name lies, not what it is: so it cannot
// let one pass and stop the other. It traps the call instead; the handler looks at the name and,
// when that is empty, makes the call that takes no name. It has no rights that its caller has not.

#include "trapped_calls.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace quire::confine {

namespace {

using Word = std::uint64_t;

constexpr int from_filter = 1;  // the kernel's SYS_SECCOMP, which libc's headers lack

#if defined(__x86_64__)
std::array<Word, 5> arguments_of(const ucontext_t& context) {
    const auto& registers = context.uc_mcontext.gregs;
    const auto word = [&](int number) { return static_cast<Word>(registers[number]); };
    return {word(REG_RDI), word(REG_RSI), word(REG_RDX), word(REG_R10), word(REG_R8)};
}
void set_result(ucontext_t& context, long result) {
    context.uc_mcontext.gregs[REG_RAX] = result;
}
#elif defined(__aarch64__)
std::array<Word, 5> arguments_of(const ucontext_t& context) {
    const auto& registers = context.uc_mcontext.regs;
    return {registers[0], registers[1], registers[2], registers[3], registers[4]};
}
void set_result(ucontext_t& context, long result) {
    context.uc_mcontext.regs[0] = static_cast<Word>(result);
}
#else
#error "say here where this machine keeps the arguments and the result of a system call"
#endif

bool names_nothing(Word path, Word flags) {
    if ((flags & AT_EMPTY_PATH) == 0) return false;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): it is what a register holds
    return path == 0 || *reinterpret_cast<const volatile char*>(path) == '\0';
}

long fstat_instead(const std::array<Word, 5>& arguments) {
    const auto [fd, path, buffer, flags, unused] = arguments;
    if (!names_nothing(path, flags)) return -EPERM;
    return ::syscall(SYS_fstat, fd, buffer) == 0 ? 0 : -errno;
}

/// Linux 6.11 and later take no name at all for an empty one. An older kernel counts as one without
/// statx, for which callers are prepared.
long statx_instead(const std::array<Word, 5>& arguments) {
    const auto [fd, path, flags, mask, buffer] = arguments;
    if (!names_nothing(path, flags)) return -EPERM;
    if (::syscall(SYS_statx, fd, nullptr, flags, mask, buffer) == 0) return 0;
    return errno == EFAULT ? -ENOSYS : -errno;
}

void answer(int, siginfo_t* info, void* memory) {
    if (info->si_code != from_filter) return;
    const int errno_before = errno;
    ucontext_t& context = *static_cast<ucontext_t*>(memory);
    long result = -EPERM;
    if (info->si_syscall == SYS_newfstatat) result = fstat_instead(arguments_of(context));
    if (info->si_syscall == SYS_statx) result = statx_instead(arguments_of(context));
    set_result(context, result);
    errno = errno_before;
}

}  // namespace

Result<void> answer_trapped_calls() {
    struct sigaction action{};
    action.sa_sigaction = answer;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigset_t trapped{};
    sigemptyset(&trapped);
    sigaddset(&trapped, SIGSYS);
    if (::sigaction(SIGSYS, &action, nullptr) != 0) return fail_errno("cannot handle SIGSYS");
    if (const int error = ::pthread_sigmask(SIG_UNBLOCK, &trapped, nullptr); error != 0)
        return fail(static_cast<std::errc>(error), "cannot unblock SIGSYS");
    return {};
}

}  // namespace quire::confine
