// SPDX-License-Identifier: MIT

// What a confined process may not do: each attempt in a process of its own, by the system call
// itself, with its exact outcome. The same attempt without confinement has to end otherwise, or it
// would prove nothing; what kills needs no such proof.

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <ostream>
#include <tuple>

#include "child.hpp"

namespace quire::confine::tests {
namespace {

/// What there is before a process is confined.
struct Prepared {
    int stream = -1;    ///< a unix stream socket, not connected
    int datagram = -1;  ///< a unix datagram socket
    int file = -1;      ///< a file of a few KiB
    pid_t other = -1;   ///< another process of the same user
    char page[4096] = {};
};

struct Attempt {
    const char* name;
    long (*make)(Prepared&);
    /// The error's name, or "killed".
    const char* expected;
};
std::ostream& operator<<(std::ostream& stream, const Attempt& attempt) {
    return stream << attempt.name;
}

template <typename... Arguments>
long call(long number, Arguments... arguments) {
    return ::syscall(number, arguments...);
}

const sockaddr_un* address_of_log() {
    static sockaddr_un address{AF_UNIX, "/dev/log"};
    return &address;
}

const Attempt names[] = {
    {"open", [](Prepared&) { return call(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY); }, "EPERM"},
#ifdef SYS_open
    {"old_open", [](Prepared&) { return call(SYS_open, "/dev/null", O_RDONLY); }, "EPERM"},
    {"creat", [](Prepared&) { return call(SYS_creat, "/dev/null", 0600); }, "EPERM"},
    {"stat", [](Prepared& p) { return call(SYS_stat, "/", p.page); }, "EPERM"},
    {"access", [](Prepared&) { return call(SYS_access, "/", R_OK); }, "EPERM"},
#endif
    {"openat2",
     [](Prepared&) {
         open_how how{.flags = O_RDONLY, .mode = 0, .resolve = 0};
         return call(SYS_openat2, AT_FDCWD, "/dev/null", &how, sizeof(how));
     },
     "EPERM"},
    {"open_own_memory",
     [](Prepared&) { return call(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR); }, "EPERM"},
    {"fstatat", [](Prepared& p) { return call(SYS_newfstatat, AT_FDCWD, "/", p.page, 0); },
     "EPERM"},
    {"fstatat_of_a_name_that_may_be_empty",
     [](Prepared& p) { return call(SYS_newfstatat, p.file, "/etc/passwd", p.page, AT_EMPTY_PATH); },
     "EPERM"},
    {"statx",
     [](Prepared& p) { return call(SYS_statx, AT_FDCWD, "/", 0, STATX_BASIC_STATS, p.page); },
     "EPERM"},
    {"statx_of_a_name_that_may_be_empty",
     [](Prepared& p) {
         return call(SYS_statx, p.file, "/etc/passwd", AT_EMPTY_PATH, STATX_BASIC_STATS, p.page);
     },
     "EPERM"},
    {"readlink",
     [](Prepared& p) { return call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", p.page, 4096); },
     "EPERM"},
    {"chdir", [](Prepared&) { return call(SYS_chdir, "/"); }, "EPERM"},
    {"getcwd", [](Prepared& p) { return call(SYS_getcwd, p.page, 4096); }, "EPERM"},
    {"mkdir", [](Prepared&) { return call(SYS_mkdirat, AT_FDCWD, "/", 0700); }, "EPERM"},
    {"unlink", [](Prepared&) { return call(SYS_unlinkat, AT_FDCWD, "/nowhere/x", 0); }, "EPERM"},
    {"rename",
     [](Prepared&) { return call(SYS_renameat2, AT_FDCWD, "/nowhere/x", AT_FDCWD, "/y", 0); },
     "EPERM"},
    {"link", [](Prepared&) { return call(SYS_linkat, AT_FDCWD, "/nowhere/x", AT_FDCWD, "/y", 0); },
     "EPERM"},
    {"symlink", [](Prepared&) { return call(SYS_symlinkat, "x", AT_FDCWD, "/nowhere/x"); },
     "EPERM"},
    {"mknod", [](Prepared&) { return call(SYS_mknodat, AT_FDCWD, "/nowhere/x", S_IFIFO, 0); },
     "EPERM"},
    {"chmod", [](Prepared&) { return call(SYS_fchmodat, AT_FDCWD, "/nowhere/x", 0700); }, "EPERM"},
    {"fchmod", [](Prepared& p) { return call(SYS_fchmod, p.file, 0700); }, "EPERM"},
    {"truncate", [](Prepared&) { return call(SYS_truncate, "/nowhere/x", 0); }, "EPERM"},
    {"getxattr", [](Prepared& p) { return call(SYS_getxattr, "/", "user.x", p.page, 4096); },
     "EPERM"},
    {"name_to_handle",
     [](Prepared& p) { return call(SYS_name_to_handle_at, AT_FDCWD, "/", p.page, p.page, 0); },
     "EPERM"},
    {"inotify", [](Prepared&) { return call(SYS_inotify_init1, 0); }, "EPERM"},
};

const Attempt network[] = {
    {"socket_inet", [](Prepared&) { return call(SYS_socket, AF_INET, SOCK_STREAM, 0); }, "EPERM"},
    {"socket_unix", [](Prepared&) { return call(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }, "EPERM"},
    {"socket_netlink", [](Prepared&) { return call(SYS_socket, AF_NETLINK, SOCK_RAW, 0); },
     "EPERM"},
    {"socketpair_of_datagrams",
     [](Prepared& p) { return call(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, p.page); }, "EPERM"},
    {"socketpair_of_streams",
     [](Prepared& p) { return call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, p.page); }, "EPERM"},
    {"connect",
     [](Prepared& p) { return call(SYS_connect, p.stream, address_of_log(), sizeof(sockaddr_un)); },
     "EPERM"},
    {"bind", [](Prepared& p) { return call(SYS_bind, p.stream, p.page, sizeof(sa_family_t)); },
     "EPERM"},
    {"listen", [](Prepared& p) { return call(SYS_listen, p.stream, 1); }, "EPERM"},
    {"sendto",
     [](Prepared& p) {
         return call(SYS_sendto, p.datagram, p.page, 1, 0, address_of_log(), sizeof(sockaddr_un));
     },
     "EPERM"},
    {"socket_filter",
     [](Prepared& p) {
         return call(SYS_setsockopt, p.stream, SOL_SOCKET, SO_ATTACH_FILTER, p.page, 16);
     },
     "EPERM"},
    {"option_of_another_level",
     [](Prepared& p) { return call(SYS_setsockopt, p.stream, 6, SO_SNDBUF, p.page, 4); }, "EPERM"},
};

const Attempt others[] = {
    {"kill", [](Prepared& p) { return call(SYS_kill, p.other, 0); }, "EPERM"},
    {"kill_group", [](Prepared&) { return call(SYS_kill, 0, 0); }, "EPERM"},
    {"tgkill", [](Prepared& p) { return call(SYS_tgkill, p.other, p.other, 0); }, "EPERM"},
    {"tkill", [](Prepared& p) { return call(SYS_tkill, p.other, 0); }, "EPERM"},
    {"pidfd_open", [](Prepared& p) { return call(SYS_pidfd_open, p.other, 0); }, "EPERM"},
    {"pidfd_send_signal", [](Prepared&) { return call(SYS_pidfd_send_signal, 99, 0, nullptr, 0); },
     "EPERM"},
    {"owner_of_a_descriptor",
     [](Prepared& p) { return call(SYS_fcntl, p.stream, F_SETOWN, p.other); }, "EPERM"},
    {"priority", [](Prepared& p) { return call(SYS_setpriority, PRIO_PROCESS, p.other, 19); },
     "EPERM"},
    {"affinity",
     [](Prepared& p) { return call(SYS_sched_setaffinity, p.other, sizeof(p.page), p.page); },
     "EPERM"},
    {"wait", [](Prepared& p) { return call(SYS_wait4, p.other, nullptr, 1, nullptr); }, "EPERM"},
    {"shared_memory", [](Prepared&) { return call(SYS_shmget, IPC_PRIVATE, 4096, 0600); }, "EPERM"},
};

const Attempt itself[] = {
    {"dumpable", [](Prepared&) { return call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); }, "EPERM"},
    {"keep_capabilities", [](Prepared&) { return call(SYS_prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0); },
     "EPERM"},
    {"core_files",
     [](Prepared&) {
         const rlimit limit{0, 0};
         return call(SYS_prlimit64, 0, RLIMIT_CORE, &limit, nullptr);
     },
     "EPERM"},
    {"terminal", [](Prepared& p) { return call(SYS_ioctl, p.file, TIOCSTI, "x"); }, "EPERM"},
    {"lease", [](Prepared& p) { return call(SYS_fcntl, p.file, F_SETLEASE, F_UNLCK); }, "EPERM"},
    {"collapse_range", [](Prepared& p) { return call(SYS_fallocate, p.file, 8, 0, 1); }, "EPERM"},
    {"dup2", [](Prepared& p) { return call(SYS_dup3, p.file, 100, O_CLOEXEC); }, "EPERM"},
    {"futex_with_priorities",
     [](Prepared& p) { return call(SYS_futex, p.page, FUTEX_LOCK_PI, 0, nullptr); }, "EPERM"},
    {"another_filter", [](Prepared&) { return call(SYS_seccomp, 1, 0, nullptr); }, "EPERM"},
    {"clone3", [](Prepared& p) { return call(SYS_clone3, p.page, 0); }, "ENOSYS"},
};

const Attempt deadly[] = {
    {"execve",
     [](Prepared&) {
         const char* const arguments[] = {"true", nullptr};
         return call(SYS_execve, "/bin/true", arguments, nullptr);
     },
     "killed"},
    {"exec_of_a_setuid_program",
     [](Prepared&) {
         const char* const arguments[] = {"su", "-c", "true", nullptr};
         return call(SYS_execve, "/bin/su", arguments, nullptr);
     },
     "killed"},
    {"execveat",
     [](Prepared& p) { return call(SYS_execveat, p.file, "", nullptr, nullptr, AT_EMPTY_PATH); },
     "killed"},
#ifdef SYS_fork
    {"fork", [](Prepared&) { return call(SYS_fork); }, "killed"},
    {"vfork", [](Prepared&) { return call(SYS_vfork); }, "killed"},
#endif
    {"clone_of_a_process", [](Prepared&) { return call(SYS_clone, SIGCHLD, 0, 0, 0, 0); },
     "killed"},
    {"clone_of_a_spawned_process",
     [](Prepared&) { return call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0); },
     "killed"},
    {"clone_of_a_namespace",
     [](Prepared&) { return call(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }, "killed"},
    {"ptrace", [](Prepared& p) { return call(SYS_ptrace, PTRACE_ATTACH, p.other, 0, 0); },
     "killed"},
    {"ptrace_of_the_parent",
     [](Prepared&) { return call(SYS_ptrace, PTRACE_ATTACH, ::getppid(), 0, 0); }, "killed"},
    {"ptrace_me", [](Prepared&) { return call(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }, "killed"},
    {"process_vm_readv",
     [](Prepared& p) {
         const iovec part{p.page, 8};
         return call(SYS_process_vm_readv, p.other, &part, 1, &part, 1, 0);
     },
     "killed"},
    {"process_vm_writev",
     [](Prepared& p) {
         const iovec part{p.page, 8};
         return call(SYS_process_vm_writev, p.other, &part, 1, &part, 1, 0);
     },
     "killed"},
    {"pidfd_getfd", [](Prepared&) { return call(SYS_pidfd_getfd, 0, 0, 0); }, "killed"},
    {"map_to_execute",
     [](Prepared&) {
         return call(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0);
     },
     "killed"},
    {"map_a_file_to_execute",
     [](Prepared& p) {
         return call(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, p.file, 0);
     },
     "killed"},
    {"make_executable",
     [](Prepared& p) {
         const auto page = reinterpret_cast<std::uintptr_t>(p.page) & ~std::uintptr_t{4095};
         return call(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
     },
     "killed"},
    {"make_executable_by_a_key",
     [](Prepared& p) {
         const auto page = reinterpret_cast<std::uintptr_t>(p.page) & ~std::uintptr_t{4095};
         return call(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1);
     },
     "killed"},
    {"personality", [](Prepared&) { return call(SYS_personality, 0xffffffff); }, "killed"},
    {"userfaultfd", [](Prepared&) { return call(SYS_userfaultfd, 1); }, "killed"},
    {"io_uring", [](Prepared& p) { return call(SYS_io_uring_setup, 1, p.page); }, "killed"},
    {"bpf", [](Prepared& p) { return call(SYS_bpf, 0, p.page, 64); }, "killed"},
    {"perf_events", [](Prepared& p) { return call(SYS_perf_event_open, p.page, 0, -1, -1, 0); },
     "killed"},
    {"keys", [](Prepared&) { return call(SYS_keyctl, 0, -3, 0, 0, 0); }, "killed"},
    {"unshare", [](Prepared&) { return call(SYS_unshare, CLONE_NEWUSER); }, "killed"},
    {"setns", [](Prepared& p) { return call(SYS_setns, p.file, 0); }, "killed"},
    {"chroot", [](Prepared&) { return call(SYS_chroot, "/"); }, "killed"},
    {"mount", [](Prepared&) { return call(SYS_mount, "none", "/nowhere", "tmpfs", 0, nullptr); },
     "killed"},
    {"open_by_handle", [](Prepared& p) { return call(SYS_open_by_handle_at, -1, p.page, 0); },
     "killed"},
    {"capset", [](Prepared& p) { return call(SYS_capset, p.page, p.page); }, "killed"},
    {"setuid", [](Prepared&) { return call(SYS_setuid, ::getuid()); }, "killed"},
    {"setgroups", [](Prepared&) { return call(SYS_setgroups, 0, nullptr); }, "killed"},
#ifdef __x86_64__
    {"a_call_of_the_x32_kind", [](Prepared&) { return call(0x40000000 | SYS_getpid); }, "killed"},
#endif
};

Prepared prepare(int hold) {
    Prepared p;
    p.stream = ::socket(AF_UNIX, SOCK_STREAM, 0);
    p.datagram = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    p.file = ::memfd_create("file", 0);
    if (::ftruncate(p.file, 8192) != 0) ::_exit(2);
    p.other = ::fork();
    if (p.other == 0) {
        // Ends when the process that makes the attempt is gone, and holds nothing of it.
        if (::dup2(hold, STDIN_FILENO) < 0 || ::close_range(1, ~0U, 0) != 0) ::_exit(2);
        char byte = 0;
        (void)!::read(STDIN_FILENO, &byte, 1);
        ::_exit(0);
    }
    return p;
}

std::string result_of(Who who, const Attempt& attempt, bool confined) {
    const Ending ending = in_child(who, [&](const Voice& voice) {
        int hold[2];
        if (::pipe(hold) != 0) ::_exit(2);
        std::fflush(nullptr);
        Prepared p = prepare(hold[0]);
        if (confined && !voice.confined({.keep = {p.stream, p.datagram, p.file, hold[1]},
                                         .writable_device = true,
                                         .makes_channels = true}))
            return;
        voice.say(outcome(attempt.make(p)));
    });
    if (ending.signal == SIGSYS) return ending.said.empty() ? "killed" : "killed late";
    if (ending.signal != 0 || ending.status != 0) return "ended badly";
    return ending.said;
}

class Refused : public ::testing::TestWithParam<std::tuple<Who, Attempt>> {};

TEST_P(Refused, to_a_confined_process) {
    const auto& [who, attempt] = GetParam();
    SKIP_WHEN_SAME(who);
    EXPECT_EQ(result_of(who, attempt, true), attempt.expected);
    if (attempt.expected == std::string_view("killed")) return;
    EXPECT_NE(result_of(who, attempt, false), attempt.expected) << "also unconfined";
}

std::string name_of_attempt(const ::testing::TestParamInfo<std::tuple<Who, Attempt>>& info) {
    const auto& [who, attempt] = info.param;
    return std::string(attempt.name) + "_" + name_of(who);
}

INSTANTIATE_TEST_SUITE_P(Names, Refused, ::testing::Combine(everybody, ::testing::ValuesIn(names)),
                         name_of_attempt);
INSTANTIATE_TEST_SUITE_P(Network, Refused,
                         ::testing::Combine(everybody, ::testing::ValuesIn(network)),
                         name_of_attempt);
INSTANTIATE_TEST_SUITE_P(Others, Refused,
                         ::testing::Combine(everybody, ::testing::ValuesIn(others)),
                         name_of_attempt);
INSTANTIATE_TEST_SUITE_P(Itself, Refused,
                         ::testing::Combine(everybody, ::testing::ValuesIn(itself)),
                         name_of_attempt);
INSTANTIATE_TEST_SUITE_P(Deadly, Refused,
                         ::testing::Combine(everybody, ::testing::ValuesIn(deadly)),
                         name_of_attempt);

}  // namespace
}  // namespace quire::confine::tests
