// SPDX-License-Identifier: MIT

#include "child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace quire::confine::tests {

namespace {

bool become_plain_user() {
    // Changing the user makes a process undumpable, which is for confine() to do.
    return ::setgroups(0, nullptr) == 0 && ::setresgid(plain_uid, plain_uid, plain_uid) == 0 &&
           ::setresuid(plain_uid, plain_uid, plain_uid) == 0 &&
           ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

}  // namespace

std::string name_of(Who who) {
    return who == Who::as_we_are ? "as_we_are" : "plain_user";
}

bool is_the_same(Who who) {
    return who == Who::plain_user && ::geteuid() != 0;
}

void Voice::say(std::string_view text) const {
    if (::write(out_.get(), text.data(), text.size()) < 0) ::_exit(3);
}

void Voice::expect(bool good, std::string_view complaint) const {
    if (!good) say(std::string(complaint) + '\n');
}

void Voice::pause() const {
    say(std::string_view("\0", 1));
    char byte = 0;
    while (::read(go_on_.get(), &byte, 1) < 0 && errno == EINTR) continue;
}

Result<Report> Voice::confine(Confinement wanted) const {
    for (const int fd : {out_.get(), go_on_.get(), STDERR_FILENO}) wanted.keep.push_back(fd);
    return quire::confine::confine(wanted);
}

bool Voice::confined(const Confinement& wanted) const {
    const auto report = confine(wanted);
    if (!report) say(report.error().message() + '\n');
    return report.has_value();
}

Child::Child(Who who, const Body& body) {
    int said[2];
    int go_on[2];
    if (::pipe2(said, O_CLOEXEC) != 0 || ::pipe2(go_on, O_CLOEXEC) != 0) return;
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::close(said[0]);
        ::close(go_on[1]);
        const Voice voice{UniqueFd(said[1]), UniqueFd(go_on[0])};
        if (who == Who::plain_user && !become_plain_user()) {
            voice.say("cannot become a plain user\n");
            ::_exit(2);
        }
        try {
            body(voice);
        } catch (const std::exception& error) {
            voice.say(std::string(error.what()) + '\n');
        }
        ::_exit(0);
    }
    ::close(said[1]);
    ::close(go_on[0]);
    heard_ = UniqueFd(said[0]);
    go_on_ = UniqueFd(go_on[1]);
}

Child::~Child() {
    if (pid_ > 0) (void)end();
}

/// Reads until the child pauses; false at its end.
bool Child::listen() {
    while (true) {
        char buffer[512];
        const ssize_t got = ::read(heard_.get(), buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        std::string_view text(buffer, static_cast<std::size_t>(got));
        const bool pauses = text.ends_with('\0');
        if (pauses) text.remove_suffix(1);
        said_ += text;
        if (pauses) return true;
    }
}

bool Child::paused() {
    return listen();
}

Ending Child::end() {
    go_on_.reset();
    while (listen()) continue;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
    Ending ending;
    ending.said = said_;
    if (WIFSIGNALED(status)) ending.signal = WTERMSIG(status);
    if (WIFEXITED(status)) ending.status = WEXITSTATUS(status);
    return ending;
}

Ending in_child(Who who, const Child::Body& body) {
    return Child(who, body).end();
}

::testing::AssertionResult content(const Ending& ending) {
    if (ending.status == 0 && ending.said.empty()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "status " << ending.status << ", signal "
                                         << ending.signal << ", said: " << ending.said;
}

bool succeeds(const std::string& command) {
    const std::string line = "PATH=$PATH:/sbin:/usr/sbin; (" + command + ") >/dev/null 2>&1";
    return std::system(line.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe)
}

std::string outcome(long result) {
    if (result != -1) return "ok";
    const char* const name = ::strerrorname_np(errno);
    return name == nullptr ? "unknown error" : name;
}

}  // namespace quire::confine::tests
