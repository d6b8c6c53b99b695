// SPDX-License-Identifier: MIT

#include "crash/traced_program.hpp"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <set>

#include "quire/base/unique_fd.hpp"

namespace quire::tests {

namespace {

constexpr int cannot_start = 127;

[[noreturn]] void become(const std::vector<std::string>& arguments, int output, bool traced) {
    std::vector<char*> words;
    for (const std::string& argument : arguments)
        words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    if (traced && ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(cannot_start);
    ::execv(words[0], words.data());
    ::_exit(cannot_start);
}

std::string read_all(int fd) {
    std::string text;
    std::array<char, 4096> piece{};
    ::lseek(fd, 0, SEEK_SET);
    for (ssize_t got = 0; (got = ::read(fd, piece.data(), piece.size())) > 0;)
        text.append(piece.data(), static_cast<std::size_t>(got));
    return text;
}

void note_end(Ending& ending, int status) {
    ending.killed = WIFSIGNALED(status);
    if (WIFEXITED(status)) ending.exit_code = WEXITSTATUS(status);
}

// Every stop of every thread passes here; a stop for a system call comes twice, when it begins
// and when it is done.
void trace(pid_t program, std::uint64_t kill_at, Ending& ending) {
    std::set<pid_t> inside;
    for (;;) {
        int status = 0;
        const pid_t thread = ::waitpid(-1, &status, __WALL);
        if (thread < 0 && errno == EINTR) continue;
        if (thread < 0) return;
        if (!WIFSTOPPED(status)) {
            if (thread == program) return note_end(ending, status);
            continue;
        }
        int signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80)) {
            signal = 0;
            if (inside.erase(thread) == 0) {
                inside.insert(thread);
                if (++ending.system_calls == kill_at) ::kill(program, SIGKILL);
            }
        } else if (signal == SIGTRAP || signal == SIGSTOP) {
            signal = 0;  // a new thread, or the start of the program
        }
        ::ptrace(PTRACE_SYSCALL, thread, nullptr, signal);
    }
}

}  // namespace

Result<Ending> run_traced(const std::vector<std::string>& arguments, std::uint64_t kill_at) {
    const UniqueFd output(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    const pid_t program = ::fork();
    if (program < 0) return fail_errno();
    if (program == 0) become(arguments, output.get(), true);
    int status = 0;
    if (::waitpid(program, &status, 0) != program) return fail_errno();
    Ending ending;
    if (!WIFSTOPPED(status)) {
        note_end(ending, status);
        return fail(std::errc::operation_not_permitted, "a program can't be traced here");
    }
    constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (::ptrace(PTRACE_SETOPTIONS, program, nullptr, options) != 0 ||
        ::ptrace(PTRACE_SYSCALL, program, nullptr, 0) != 0) {
        const Error error = Error::from_errno();
        ::kill(program, SIGKILL);
        ::waitpid(program, &status, 0);
        return fail(error);
    }
    trace(program, kill_at, ending);
    ending.output = read_all(output.get());
    return ending;
}

Result<Ending> run_program(const std::vector<std::string>& arguments) {
    const UniqueFd output(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    const pid_t program = ::fork();
    if (program < 0) return fail_errno();
    if (program == 0) become(arguments, output.get(), false);
    int status = 0;
    while (::waitpid(program, &status, 0) < 0)
        if (errno != EINTR) return fail_errno();
    Ending ending;
    note_end(ending, status);
    ending.output = read_all(output.get());
    return ending;
}

}  // namespace quire::tests
