// SPDX-License-Identifier: MIT

#include "tests/kit/child.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "system/sockets.hpp"

namespace quire::ipc {

Child::Child(const std::function<void()>& work) {
    std::fflush(nullptr);
    pid_ = ::fork();
    EXPECT_GE(pid_, 0);
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    work();
    ::_exit(0);
}

Child::~Child() {
    (void)succeeded();
}

bool Child::succeeded() {
    if (pid_ < 0) return false;
    int status = 0;
    while (::waitpid(std::exchange(pid_, -1), &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void Child::kill() {
    if (pid_ >= 0) ::kill(pid_, SIGKILL);
    (void)succeeded();
}

void child_check(bool good, const char* what) {
    if (good) return;
    std::fprintf(stderr, "in a child: %s\n", what);
    ::_exit(1);
}

Turnstile::Turnstile() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
}

void Turnstile::pass() {
    char byte = 0;
    while (::read(reader_.get(), &byte, 1) < 0 && errno == EINTR) continue;
}

void Turnstile::open() {
    (void)!::write(writer_.get(), "x", 1);
}

ServerProcess::ServerProcess(ServerOptions options, MakeRoot root) {
    SocketPair pair = *make_socket_pair();
    child_ = std::make_unique<Child>([&] {
        pair.ours.reset();
        auto server = Server::create(options);
        child_check(server.has_value(), "the server does not begin");
        const Cap<Sample> object =
            root ? root(*server)
                 : Cap<Sample>(std::make_shared<SampleObject>(std::make_shared<World>()));
        child_check(server->adopt(std::move(pair.theirs), object).has_value(), "adopt");
        while (true) ::pause();
    });
    client_end_ = std::move(pair.ours);
}

}  // namespace quire::ipc
