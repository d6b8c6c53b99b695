// SPDX-License-Identifier: MIT

#include "quire/testing/signal_storm.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <system_error>

namespace quire::testing {

namespace {

constexpr int storm_signal = SIGUSR1;

// A handler knows nothing but what is global.
std::atomic<std::uint64_t> signals_handled = 0;

void interrupt_others(pid_t self) {
    std::error_code vanished;
    for (std::filesystem::directory_iterator task("/proc/self/task", vanished), end;
         !vanished && task != end; task.increment(vanished)) {
        const auto id = static_cast<pid_t>(std::stol(task->path().filename().string()));
        if (id != self) (void)::syscall(SYS_tgkill, ::getpid(), id, storm_signal);
    }
}

}  // namespace

SignalStorm::SignalStorm() : handled_before_(signals_handled) {
    struct sigaction handler{};
    handler.sa_handler = [](int) { signals_handled.fetch_add(1, std::memory_order_relaxed); };
    EXPECT_EQ(::sigaction(storm_signal, &handler, &before_), 0);
    thread_ = std::jthread([](const std::stop_token& stop) {
        const pid_t self = ::gettid();
        while (!stop.stop_requested()) {
            interrupt_others(self);
            std::this_thread::yield();
        }
    });
}

SignalStorm::~SignalStorm() {
    thread_.request_stop();
    thread_.join();
    // A thread may have one yet that it has not come to handle.
    struct sigaction ignored{};
    ignored.sa_handler = SIG_IGN;
    (void)::sigaction(storm_signal, &ignored, nullptr);
    (void)::sigaction(storm_signal, &before_, nullptr);
}

std::uint64_t SignalStorm::handled() const {
    return signals_handled - handled_before_;
}

void SignalStorm::wait_for(std::uint64_t count) const {
    const std::uint64_t enough = handled() + count;
    while (handled() < enough) std::this_thread::yield();
}

}  // namespace quire::testing
