// SPDX-License-Identifier: MIT

// Which system calls a confined server may make. To allow one more, add it to the group that it
// belongs to, with the arguments that it needs and no others; the test `SystemCalls` then wants to
// see it used, or the reason why it is not.
//
// The order of severity, and why it is so:
// - Allowed: what reading and writing an open device, serving channels and libc's own upkeep take.
// - EPERM: everything else. libc and libraries try things (a time zone, a log, a name for a thread)
//   and live with a refusal; a server that died of them would be a server that dies by accident.
// - ENOSYS: what has an older form that can be checked, and callers fall back to it.
// - Killed: what neither Quire nor a library in a server calls, ever. Whoever does has taken the
//   server over; the first attempt is the last, and the kernel's log names it.

#include "calls.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <initializer_list>
#include <utility>

namespace quire::confine {

namespace {

/// `(argument & mask) == value`.
scmp_arg_cmp bits(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

/// Of an argument that the kernel takes as 32 bits, whatever the others are.
scmp_arg_cmp is(unsigned argument, scmp_datum_t value) {
    return bits(argument, 0xffffffff, value);
}

class RuleList {
public:
    void any(std::initializer_list<int> calls, std::string_view seldom = {}) {
        for (const int call : calls) rules_.push_back({call, {}, seldom});
    }
    void when(int call, std::vector<scmp_arg_cmp> arguments, std::string_view seldom = {}) {
        rules_.push_back({call, std::move(arguments), seldom});
    }
    std::vector<CallRule> take() { return std::move(rules_); }

private:
    std::vector<CallRule> rules_;
};

void allow_upkeep(RuleList& allow, pid_t self) {
    const auto pid = static_cast<scmp_datum_t>(self);
    // memory, never to be executed
    allow.any({SCMP_SYS(munmap), SCMP_SYS(madvise)});
    allow.any({SCMP_SYS(brk), SCMP_SYS(mremap)}, "malloc, when a heap or a block grows");
    allow.when(SCMP_SYS(mprotect), {bits(2, PROT_EXEC, 0)});
    // locks, ends, chance
    allow.any({SCMP_SYS(exit_group), SCMP_SYS(getrandom)});
    constexpr scmp_datum_t operation = 0xffffffffU & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    for (const int waiting : {FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET}) {
        allow.when(SCMP_SYS(futex), {bits(1, operation, static_cast<scmp_datum_t>(waiting))});
    }
    allow.any({SCMP_SYS(sched_yield)}, "spinning locks");
    allow.when(SCMP_SYS(sched_getaffinity), {is(0, 0)});
    allow.any({SCMP_SYS(sysinfo)}, "qsort(3) of libext2fs asks how much memory there is");
    // time; most of it is answered without a system call
    allow.any({SCMP_SYS(clock_nanosleep)});
    allow.any({SCMP_SYS(nanosleep)}, "libc before 2.31");
    allow.any({SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time)},
              "where the machine's clock can't be read without a system call");
    allow.any({SCMP_SYS(restart_syscall)}, "goes on with a sleep after SIGSTOP and SIGCONT");
    // signals, to itself only
    allow.any({SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn)});
    allow.when(SCMP_SYS(kill), {is(0, pid)});
    allow.when(SCMP_SYS(tgkill), {is(0, pid)});
    allow.any({SCMP_SYS(getpid), SCMP_SYS(gettid)});
    allow.any({SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid)},
              "a server compares its user with its peer's");
}

void allow_reading(RuleList& allow) {
    allow.any({SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(lseek)});
    allow.any({SCMP_SYS(read), SCMP_SYS(preadv), SCMP_SYS(write)});
    allow.any({SCMP_SYS(readv), SCMP_SYS(pread64)}, "devices other than block::FileDevice");
    allow.any({SCMP_SYS(writev)}, "the last words of libc on stderr");
    allow.when(SCMP_SYS(statx), {{1, SCMP_CMP_EQ, 0, 0}});
    for (const int command : {F_GETFL, F_SETFL, F_DUPFD_CLOEXEC})
        allow.when(SCMP_SYS(fcntl), {is(1, static_cast<scmp_datum_t>(command))});
}

void allow_writing(RuleList& allow) {
    allow.any({SCMP_SYS(pwritev), SCMP_SYS(fdatasync)});
    allow.any({SCMP_SYS(pwrite64), SCMP_SYS(fsync)}, "devices other than block::FileDevice");
    allow.when(SCMP_SYS(fallocate), {is(1, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE)});
    for (const scmp_datum_t request : {BLKDISCARD, BLKZEROOUT})
        allow.when(SCMP_SYS(ioctl), {is(1, request)}, "block special files");
}

/// A size and holes: of a device, and of memory that is shared.
void allow_shaping(RuleList& allow) {
    allow.any({SCMP_SYS(ftruncate)});
    allow.when(SCMP_SYS(fallocate), {is(1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)});
}

void allow_threads(RuleList& allow) {
    // All that makes a thread one of this process; what else libc asks for is bookkeeping.
    constexpr scmp_datum_t thread =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    constexpr scmp_datum_t bookkeeping = CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    allow.when(SCMP_SYS(clone), {bits(0, ~bookkeeping, thread)});
    allow.any({SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(exit)});
    allow.any({SCMP_SYS(getcpu)}, "where the number of the CPU takes a system call");
    allow.when(SCMP_SYS(prctl), {is(0, PR_SET_NAME)});
    allow.any({SCMP_SYS(rt_sigtimedwait)});
}

void allow_channels(RuleList& allow) {
    // No datagrams: their sender names any receiver, where a connected socket has one only.
    constexpr scmp_datum_t type = 0xffffffffU & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    allow.when(SCMP_SYS(socketpair), {is(0, AF_UNIX), bits(1, type, SOCK_SEQPACKET), is(2, 0)});
    allow.any({SCMP_SYS(accept4), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(shutdown)});
    allow.when(SCMP_SYS(getsockopt), {is(1, SOL_SOCKET)});
    for (const int option : {SO_SNDBUF, SO_RCVBUF, SO_PASSCRED}) {
        allow.when(SCMP_SYS(setsockopt),
                   {is(1, SOL_SOCKET), is(2, static_cast<scmp_datum_t>(option))});
    }
    // waiting
    allow.any({SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(ppoll)});
    allow.any({SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(poll)},
              "one of several forms, by machine and libc");
    allow.any({SCMP_SYS(eventfd2), SCMP_SYS(signalfd4)});
    allow.any({SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime)});
}

void allow_shared_memory(RuleList& allow) {
    allow.any({SCMP_SYS(memfd_create)});
    allow.when(SCMP_SYS(mmap), {bits(2, PROT_EXEC, 0)});
    allow.any({SCMP_SYS(fstatfs)});  // whether a client's memory is of common pages
    // A segment is charged in full when it is made.
    allow.when(SCMP_SYS(fallocate), {is(1, 0)});
    for (const int command : {F_ADD_SEALS, F_GET_SEALS})
        allow.when(SCMP_SYS(fcntl), {is(1, static_cast<scmp_datum_t>(command))});
}

#if defined(QUIRE_SANITIZED)
void allow_sanitizer(RuleList& allow) {
    // Its own thread may still be beginning.
    allow.any({SCMP_SYS(set_robust_list), SCMP_SYS(rseq)});
    // Where the stack of a new thread is; on how many processors another one may run comes along.
    allow.any({SCMP_SYS(sched_getaffinity)});
    // Where reports are made when the stack itself is the trouble.
    allow.any({SCMP_SYS(sigaltstack)});
    // Whether there is memory at an address: a write of it to a pipe fails when not.
    allow.any({SCMP_SYS(pipe), SCMP_SYS(pipe2)});
}
#else
void allow_sanitizer(RuleList&) {}
#endif

}  // namespace

std::vector<CallRule> allowed_calls(const Confinement& wanted, pid_t self) {
    RuleList allow;
    allow_upkeep(allow, self);
    allow_reading(allow);
    if (wanted.writable_device) allow_writing(allow);
    if (wanted.writable_device || wanted.makes_channels) allow_shaping(allow);
    if (wanted.makes_channels) {
        allow_threads(allow);
        allow_channels(allow);
        allow_shared_memory(allow);
    } else {
        allow.when(SCMP_SYS(mmap), {bits(2, PROT_EXEC, 0), bits(3, MAP_ANONYMOUS, MAP_ANONYMOUS)});
    }
    allow_sanitizer(allow);
    return allow.take();
}

std::vector<CallRule> trapped_calls() {
    RuleList trap;
    trap.any({SCMP_SYS(newfstatat)});
    trap.when(SCMP_SYS(statx), {{1, SCMP_CMP_NE, 0, 0}});
    return trap.take();
}

std::vector<CallRule> deadly_calls() {
    RuleList kill;
    // other programs, other processes
    kill.any({SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork)});
    kill.when(SCMP_SYS(clone), {bits(0, CLONE_THREAD, 0)});
    kill.any({SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
              SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp)});
    // code that was not loaded at start
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(pkey_mprotect)})
        kill.when(call, {bits(2, PROT_EXEC, PROT_EXEC)});
    // parts of the kernel that are nothing but a way into it, seen from here
    kill.any({SCMP_SYS(bpf), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
              SCMP_SYS(io_uring_register), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open),
              SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(init_module),
              SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
              SCMP_SYS(kexec_file_load), SCMP_SYS(modify_ldt), SCMP_SYS(iopl), SCMP_SYS(ioperm)});
    // another view of the world, another identity
    kill.any({SCMP_SYS(unshare),     SCMP_SYS(setns),         SCMP_SYS(chroot),
              SCMP_SYS(pivot_root),  SCMP_SYS(mount),         SCMP_SYS(umount2),
              SCMP_SYS(open_tree),   SCMP_SYS(move_mount),    SCMP_SYS(fsopen),
              SCMP_SYS(fspick),      SCMP_SYS(mount_setattr), SCMP_SYS(open_by_handle_at),
              SCMP_SYS(personality), SCMP_SYS(capset),        SCMP_SYS(setuid),
              SCMP_SYS(setgid),      SCMP_SYS(setreuid),      SCMP_SYS(setregid),
              SCMP_SYS(setresuid),   SCMP_SYS(setresgid),     SCMP_SYS(setgroups),
              SCMP_SYS(setfsuid),    SCMP_SYS(setfsgid)});
    return kill.take();
}

std::vector<CallRule> missing_calls() {
    RuleList missing;
    // Its flags lie in memory, where a filter can't see them; libc then makes threads by clone.
    missing.any({SCMP_SYS(clone3)});
    return missing.take();
}

}  // namespace quire::confine
