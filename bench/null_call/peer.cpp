// SPDX-License-Identifier: MIT

#include "peer.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "null_interface.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"

namespace quire::bench {

namespace {

/// As long as the header of one of Quire's messages.
constexpr std::size_t raw_size = 32;

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}

void serve_raw(int end) {
    std::array<char, raw_size> message{};
    while (::recv(end, message.data(), message.size(), 0) > 0)
        (void)::send(end, message.data(), message.size(), MSG_NOSIGNAL);
}

class RawPeer final : public Peer {
public:
    explicit RawPeer(int processor) : Peer("raw seqpacket", processor, serve_raw) {}
    void call(long times) override {
        std::array<char, raw_size> message{};
        for (long i = 0; i < times; ++i) {
            require(::send(end(), message.data(), message.size(), 0) == raw_size, "send");
            require(::recv(end(), message.data(), message.size(), 0) == raw_size, "recv");
        }
    }
};

void serve_quire(int end) {
    ipc::Server server = std::move(*ipc::Server::create());
    const ipc::AnyCap root(ipc::Cap<Null>(std::make_shared<NullObject>()));
    require(server.adopt(UniqueFd(end), root).has_value(), "adopt");
    while (true) ::pause();
}

class QuirePeer final : public Peer {
public:
    QuirePeer(int processor, bool slot)
        : Peer(slot ? "quire" : "quire, socket alone", processor, serve_quire),
          object_(*ipc::adopt<Null>(UniqueFd(release_end()), {ipc::Home(), slot})) {}
    void call(long times) override {
        const ipc::Call call = ipc::Call::forever();
        for (long i = 0; i < times; ++i) require(object_->nothing(call).has_value(), "a call");
    }

private:
    ipc::Cap<Null> object_;
};

}  // namespace

Peer::Peer(std::string name, int processor, const std::function<void(int end)>& serve)
    : Peer(std::move(name), processor, SOCK_SEQPACKET, serve) {}

Peer::Peer(std::string name, int processor, int socket_type,
           const std::function<void(int end)>& serve)
    : name_(std::move(name)) {
    int ends[2];
    require(::socketpair(AF_UNIX, socket_type | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    pid_ = ::fork();
    require(pid_ >= 0, "fork");
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(ends[0]);
        run_on(processor);
        serve(ends[1]);
        ::_exit(0);
    }
    ::close(ends[1]);
    end_ = ends[0];
}

Peer::~Peer() {
    if (end_ >= 0) ::close(end_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

int Peer::release_end() {
    return std::exchange(end_, -1);
}

long long Peer::server_processor_time() const {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

std::unique_ptr<Peer> make_raw_peer(int processor) {
    return std::make_unique<RawPeer>(processor);
}

std::unique_ptr<Peer> make_quire_peer(int processor, bool slot) {
    return std::make_unique<QuirePeer>(processor, slot);
}

void run_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    require(::sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

}  // namespace quire::bench
