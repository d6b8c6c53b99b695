// SPDX-License-Identifier: MIT

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <new>
#include <span>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "attach/turns.hpp"

namespace quire::bench {

namespace {

constexpr std::uint64_t length = 64U << 20U;
constexpr std::size_t part = 1U << 20U;
constexpr int changes = 5;

/// In memory that both processes have.
struct Progress {
    std::atomic<std::uint64_t> passes = 0;  ///< through all of the file
    std::atomic<std::byte> first{};         ///< its first byte, as it was read last
};

[[noreturn]] void read_all_the_time(const Connect& connect, Progress& progress) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    static std::array<std::byte, part> memory;
    const std::unique_ptr<Reach> reach = connect();
    const std::unique_ptr<Content> content = reach->content("/shared");
    for (;;) {
        try {
            for (std::uint64_t place = 0; place < length; place += part) {
                content->read(place, memory);
                if (place == 0) progress.first = memory[0];
            }
            ++progress.passes;
        } catch (const std::exception&) {
            // It is shorter than that, and being written anew.
        }
    }
}

/// Two processes that read, gone at the end.
class Readers {
public:
    explicit Readers(const Connect& connect) {
        void* const memory = ::mmap(nullptr, sizeof(*progress_), PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
        progress_ = new (memory) std::array<Progress, 2>;
        for (std::size_t i = 0; i < processes_.size(); ++i) {
            processes_[i] = ::fork();
            if (processes_[i] == 0) {
                try {
                    read_all_the_time(connect, (*progress_)[i]);
                } catch (const std::exception&) {
                    // Whoever waits for it says so.
                    ::_exit(1);
                }
            }
        }
    }
    Readers(const Readers&) = delete;
    Readers& operator=(const Readers&) = delete;
    ~Readers() {
        for (const pid_t process : processes_) {
            if (process <= 0) continue;
            ::kill(process, SIGKILL);
            ::waitpid(process, nullptr, 0);
        }
        ::munmap(progress_, sizeof(*progress_));
    }

    /// Both have read all of it since this began, and once more.
    void wait_until_warm() const {
        const auto end = Clock::now() + std::chrono::seconds(60);
        for (const Progress& one : *progress_) {
            const std::uint64_t before = one.passes;
            while (one.passes < before + 3) {
                if (Clock::now() > end) throw std::runtime_error("a reader does not get on");
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        }
    }
    void require_first(std::byte value) const {
        for (const Progress& one : *progress_)
            if (one.first != value) throw std::runtime_error("a reader reads what was before");
    }

private:
    std::array<Progress, 2>* progress_ = nullptr;
    std::array<pid_t, 2> processes_{};
};

}  // namespace

Turn rewriting_first_byte(const Connect& connect) {
    return [=] {
        const Readers readers(connect);
        const std::unique_ptr<Reach> reach = connect();
        const std::unique_ptr<Content> content = reach->content("/shared", true);
        std::vector<Clock::duration> took;
        readers.wait_until_warm();
        for (int i = 0; i < changes; ++i) {
            const std::array value{static_cast<std::byte>(i + 1)};
            const auto start = Clock::now();
            content->write(0, value);
            took.push_back(Clock::now() - start);
            readers.wait_until_warm();
            readers.require_first(value[0]);
        }
        return took;
    };
}

Turn cutting(const Connect& connect) {
    return [=] {
        const Readers readers(connect);
        const std::unique_ptr<Reach> reach = connect();
        const std::unique_ptr<Content> content = reach->content("/shared", true);
        static std::array<std::byte, part> memory;
        std::vector<Clock::duration> took;
        for (int i = 0; i < changes; ++i) {
            readers.wait_until_warm();
            const auto start = Clock::now();
            content->truncate();
            took.push_back(Clock::now() - start);
            for (std::uint64_t place = 0; place < length; place += part)
                content->write(place, memory);
        }
        return took;
    };
}

}  // namespace quire::bench
