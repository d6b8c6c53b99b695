// SPDX-License-Identifier: MIT

// What a confined server goes on doing: threads, channels, shared memory, and libc's own affairs.

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "child.hpp"
#include "sanitizers.hpp"

namespace quire::confine::tests {
namespace {

const Confinement server{.keep = {}, .writable_device = false, .makes_channels = true};

class Works : public ::testing::TestWithParam<Who> {
protected:
    void SetUp() override { SKIP_WHEN_SAME(GetParam()); }
    /// Runs `body` in a confined child.
    static void confined(const Child::Body& body, const Confinement& wanted = server) {
        EXPECT_TRUE(content(in_child(GetParam(), [&](const Voice& voice) {
            if (voice.confined(wanted)) body(voice);
        })));
    }
};

TEST_P(Works, threads_begin_wait_for_each_other_and_end) {
    confined([](const Voice& voice) {
        std::mutex mutex;
        std::condition_variable turn;
        int next = 0;
        std::vector<std::thread> threads;
        threads.reserve(8);
        for (int id = 0; id < 8; ++id) {
            threads.emplace_back([&, id] {
                ::pthread_setname_np(::pthread_self(), "worker");
                std::vector<char> memory(1 << 20, 'x');
                std::unique_lock lock(mutex);
                turn.wait(lock, [&] { return next == id; });
                next += memory.back() == 'x' ? 1 : 0;
                turn.notify_all();
            });
        }
        for (std::thread& thread : threads) thread.join();
        voice.expect(next == 8, "a thread went missing");
        voice.expect(std::thread::hardware_concurrency() > 0, "no processors");
    });
}

TEST_P(Works, a_channel_carries_messages_and_descriptors) {
    confined([](const Voice& voice) {
        int ends[2];
        voice.expect(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "pair");
        const UniqueFd here(ends[0]);
        const UniqueFd there(ends[1]);
        const UniqueFd memory(::memfd_create("segment", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        voice.expect(::ftruncate(memory.get(), 8192) == 0, "size");
        voice.expect(::fallocate(memory.get(), 0, 0, 8192) == 0, "charge");
        void* const page =
            ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
        if (page == MAP_FAILED || page == nullptr) return voice.say("map");
        std::memcpy(page, "shared", 7);
        voice.expect(
            ::fallocate(memory.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096) == 0,
            "punch");
        voice.expect(::fcntl(memory.get(), F_ADD_SEALS,
                             F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE) == 0,
                     "seal");

        iovec part{const_cast<char*>("hello"), 5};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* const rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        const int sent = memory.get();
        std::memcpy(CMSG_DATA(rights), &sent, sizeof(int));
        voice.expect(::sendmsg(here.get(), &message, MSG_NOSIGNAL) == 5, "send");

        pollfd ready{there.get(), POLLIN, 0};
        voice.expect(::ppoll(&ready, 1, nullptr, nullptr) == 1, "poll");
        char buffer[16];
        part = {buffer, sizeof(buffer)};
        message.msg_controllen = control.size();
        voice.expect(::recvmsg(there.get(), &message, MSG_CMSG_CLOEXEC) == 5, "receive");
        int received = -1;
        std::memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
        const UniqueFd got(received);
        struct stat status{};
        voice.expect(::fstat(got.get(), &status) == 0 && status.st_size == 8192, "fstat");
        struct statfs filesystem{};
        voice.expect(::fstatfs(got.get(), &filesystem) == 0, "fstatfs");
        voice.expect((::fcntl(got.get(), F_GET_SEALS) & F_SEAL_GROW) != 0, "seals");
        const void* const again = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, got.get(), 0);
        voice.expect(
            again != MAP_FAILED && std::strcmp(static_cast<const char*>(again), "shared") == 0,
            "shared memory");
        int type = 0;
        socklen_t size = sizeof(type);
        voice.expect(::getsockopt(there.get(), SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
                         type == SOCK_SEQPACKET,
                     "getsockopt");
        voice.expect(::setsockopt(there.get(), SOL_SOCKET, SO_SNDBUF, &type, sizeof(type)) == 0,
                     "setsockopt");
        voice.expect(::shutdown(here.get(), SHUT_RDWR) == 0, "shutdown");
        voice.expect(::fcntl(here.get(), F_DUPFD_CLOEXEC, 0) >= 0, "dup");
    });
}

TEST_P(Works, a_listening_socket_accepts_and_tells_who_came) {
    const UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    ASSERT_TRUE(static_cast<bool>(listener));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof(address);
    // The kernel chooses an abstract name.
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)),
              0);
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    const UniqueFd client(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    const pid_t parent = ::getpid();
    confined(
        [&](const Voice& voice) {
            const UniqueFd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            voice.expect(static_cast<bool>(accepted), "accept");
            ucred peer{};
            socklen_t length = sizeof(peer);
            voice.expect(
                ::getsockopt(accepted.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
                    peer.pid == parent,
                "who came");
        },
        {.keep = {listener.get()}, .writable_device = false, .makes_channels = true});
}

TEST_P(Works, one_thread_waits_for_events_timers_and_signals) {
    confined([](const Voice& voice) {
        const UniqueFd all(::epoll_create1(EPOLL_CLOEXEC));
        const UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        const UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
        sigset_t ends{};
        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
        const UniqueFd signal(::signalfd(-1, &ends, SFD_CLOEXEC));
        for (const UniqueFd* fd : {&event, &timer, &signal}) {
            epoll_event wanted{EPOLLIN | EPOLLONESHOT, {.fd = fd->get()}};
            voice.expect(::epoll_ctl(all.get(), EPOLL_CTL_ADD, fd->get(), &wanted) == 0, "add");
        }
        const std::uint64_t one = 1;
        voice.expect(::write(event.get(), &one, sizeof(one)) == sizeof(one), "event");
        const itimerspec soon{{0, 0}, {0, 1}};
        voice.expect(::timerfd_settime(timer.get(), 0, &soon, nullptr) == 0, "timer");
        voice.expect(::kill(::getpid(), SIGTERM) == 0, "signal");
        int seen = 0;
        while (seen < 3) {
            epoll_event came{};
            if (::epoll_wait(all.get(), &came, 1, -1) != 1) break;
            char told[sizeof(signalfd_siginfo)];
            seen += ::read(came.data.fd, told, sizeof(told)) > 0 ? 1 : 0;
        }
        voice.expect(seen == 3, "not all came");
    });
}

TEST_P(Works, a_thread_waits_for_a_signal) {
    confined([](const Voice& voice) {
        sigset_t ends{};
        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
        int came = 0;
        std::thread waits([&] { ::sigwait(&ends, &came); });
        voice.expect(::kill(::getpid(), SIGTERM) == 0, "kill");
        waits.join();
        voice.expect(came == SIGTERM, "it did not come");
    });
}

TEST_P(Works, a_descriptor_tells_about_its_file) {
    confined(
        [](const Voice& voice) {
            struct stat status{};
            voice.expect(::fstat(STDERR_FILENO, &status) == 0 && status.st_mode != 0, "fstat");
            voice.expect(::fstatat(STDERR_FILENO, "", &status, AT_EMPTY_PATH) == 0, "fstatat");
            voice.expect(outcome(::fstat(999, &status)) == "EBADF", "fstat of nothing");
            struct statx extended{};
            errno = 0;
            const std::string result =
                outcome(::statx(STDERR_FILENO, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &extended));
            // Before 6.11 the kernel has no form of it that takes no name.
            voice.expect(result == "ok" ? extended.stx_mode == status.st_mode : result == "ENOSYS",
                         "statx: " + result);
            voice.expect(outcome(::fstatat(AT_FDCWD, "/", &status, 0)) == "EPERM", "by name");
            voice.expect(std::fprintf(stderr, "%s", "") == 0, "stderr");
        },
        {});
}

TEST_P(Works, libc_minds_its_own_affairs) {
    confined(
        [](const Voice& voice) {
            std::vector<int> numbers(100'000);
            voice.expect(::getrandom(numbers.data(), 1024, 0) == 1024, "getrandom");
            std::random_device device;
            for (int& number : numbers) number = static_cast<int>(device());
            // Large enough for it to ask how much memory there is, and to take some.
            std::qsort(numbers.data(), numbers.size(), sizeof(int),
                       [](const void* a, const void* b) {
                           const int x = *static_cast<const int*>(a);
                           const int y = *static_cast<const int*>(b);
                           return x < y ? -1 : x > y ? 1 : 0;
                       });
            voice.expect(std::is_sorted(numbers.begin(), numbers.end()), "qsort");
            void* const block = std::malloc(1 << 20);
            void* const larger = std::realloc(block, 8 << 20);
            voice.expect(larger != nullptr, "realloc");
            std::free(larger);
            bool caught = false;
            try {
                throw std::runtime_error("thrown");
            } catch (const std::exception&) {
                caught = true;
            }
            voice.expect(caught, "exceptions");
            const auto before = std::chrono::steady_clock::now();
            std::this_thread::sleep_for(std::chrono::nanoseconds(1));
            voice.expect(std::chrono::steady_clock::now() > before, "clock");
            const std::time_t now = std::time(nullptr);
            std::tm parts{};
            voice.expect(::localtime_r(&now, &parts) != nullptr, "local time");
        },
        {});
}

TEST_P(Works, an_abort_is_an_abort) {
    const Ending ending = in_child(GetParam(), [](const Voice& voice) {
        if (voice.confined({})) std::abort();
    });
    EXPECT_EQ(ending.signal, SIGABRT) << ending.said;
}

TEST_P(Works, a_server_that_returns_exits_with_its_status) {
    const Ending ending = in_child(GetParam(), [](const Voice& voice) {
        if (voice.confined(server)) std::exit(42);  // NOLINT(concurrency-mt-unsafe)
    });
    EXPECT_EQ(ending.status, 42) << ending.said;
}

#if defined(QUIRE_CONFINE_ASAN) || defined(QUIRE_CONFINE_TSAN)
void report_to_nobody() {
    (void)::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
}
#endif

#if defined(QUIRE_CONFINE_ASAN)
TEST_P(Works, the_address_sanitizer_finds_and_reports) {
    const Ending ending = in_child(GetParam(), [](const Voice& voice) {
        report_to_nobody();
        const auto block = std::make_unique<volatile char[]>(8);
        volatile std::size_t behind = 8;
        if (voice.confined(server)) block[behind] = 'x';
    });
    EXPECT_NE(ending.status, 0) << ending.said;
    EXPECT_NE(ending.signal, SIGSYS);
}
#endif

#if defined(QUIRE_CONFINE_TSAN)
TEST_P(Works, the_thread_sanitizer_finds_and_reports) {
    const Ending ending = in_child(GetParam(), [](const Voice& voice) {
        report_to_nobody();
        if (!voice.confined(server)) return;
        int racing = 0;
        std::thread other([&] { racing = 1; });
        racing = 2;
        other.join();
        std::exit(0);  // NOLINT(concurrency-mt-unsafe)
    });
    EXPECT_NE(ending.status, 0) << ending.said;
    EXPECT_NE(ending.signal, SIGSYS);
}
#endif

TEST_P(Works, who_serves_nobody_has_no_channels_threads_or_shared_memory) {
    confined(
        [](const Voice& voice) {
            int ends[2];
            voice.expect(outcome(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends)) == "EPERM",
                         "channels");
            voice.expect(outcome(::memfd_create("m", 0)) == "EPERM", "memory");
            voice.expect(outcome(::epoll_create1(0)) == "EPERM", "epoll");
            voice.expect(outcome(::ftruncate(STDERR_FILENO, 0)) == "EPERM", "ftruncate");
            voice.expect(
                ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, STDERR_FILENO, 0) == MAP_FAILED &&
                    errno == EPERM,
                "mmap of a descriptor");
            pthread_t thread{};
            voice.expect(
                ::pthread_create(
                    &thread, nullptr, [](void* nothing) { return nothing; }, nullptr) == EPERM,
                "threads");
        },
        {});
}

INSTANTIATE_TEST_SUITE_P(Confined, Works, everybody,
                         [](const auto& who) { return name_of(who.param); });

}  // namespace
}  // namespace quire::confine::tests
