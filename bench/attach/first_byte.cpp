// SPDX-License-Identifier: MIT

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "attach/program.hpp"
#include "attach/turns.hpp"

namespace quire::bench {

namespace {

void read_first_byte(Reach& reach) {
    std::array<std::byte, 1> byte{};
    reach.content("/small")->read(0, byte);
}

template <typename Do>
Clock::duration time_of(Do&& act) {
    const auto start = Clock::now();
    std::forward<Do>(act)();
    return Clock::now() - start;
}

dev_t device_of(const std::string& directory) {
    struct stat facts{};
    if (::stat(directory.c_str(), &facts) != 0)
        throw std::system_error(errno, std::generic_category(), directory);
    return facts.st_dev;
}

void wait_for_mount(const std::string& directory, dev_t before) {
    const auto end = Clock::now() + std::chrono::seconds(20);
    while (device_of(directory) == before) {
        if (Clock::now() > end) throw std::runtime_error("nothing is mounted at " + directory);
        std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
}

}  // namespace

Turn first_byte_of_connection(const std::string& socket) {
    return [=] {
        std::vector<Clock::duration> took;
        for (int i = 0; i < 50; ++i) {
            std::unique_ptr<Reach> reach;
            took.push_back(time_of([&] {
                reach = reach_served(socket, true);
                read_first_byte(*reach);
            }));
        }
        return took;
    };
}

Turn first_byte_of_program(const std::string& command) {
    return [=] {
        std::vector<Clock::duration> took;
        for (int i = 0; i < 10; ++i) {
            std::unique_ptr<Program> program;
            took.push_back(time_of([&] {
                program = std::make_unique<Program>(command);
                program->wait_for_first_byte();
            }));
            program->finish();
        }
        return took;
    };
}

Turn first_byte_of_server(const std::string& command, const std::string& socket) {
    return [=] {
        std::vector<Clock::duration> took;
        for (int i = 0; i < 5; ++i) {
            std::unique_ptr<Program> program;
            std::unique_ptr<Reach> reach;
            took.push_back(time_of([&] {
                program = std::make_unique<Program>(command);
                program->wait_for_first_byte();
                reach = reach_served(socket, true);
                read_first_byte(*reach);
            }));
            reach.reset();
            program->terminate();
        }
        return took;
    };
}

Turn first_byte_of_mount(const std::string& command, const std::string& directory) {
    return [=] {
        std::vector<Clock::duration> took;
        for (int i = 0; i < 5; ++i) {
            const dev_t before = device_of(directory);
            std::unique_ptr<Program> program;
            took.push_back(time_of([&] {
                program = std::make_unique<Program>(command);
                wait_for_mount(directory, before);
                read_first_byte(*reach_mounted(directory));
            }));
            Program((::geteuid() == 0 ? "umount " : "fusermount3 -u ") + directory).finish();
            program->finish();
        }
        return took;
    };
}

}  // namespace quire::bench
