// SPDX-License-Identifier: MIT

#include "attach/program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace quire::bench {

namespace {

void need(bool good, const std::string& command) {
    if (!good) throw std::system_error(errno, std::generic_category(), command);
}

}  // namespace

Program::Program(const std::string& command) : command_(command) {
    std::vector<std::string> words;
    std::istringstream text(command);
    for (std::string word; text >> word;) words.push_back(word);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    std::array<int, 2> ends{};
    need(::pipe2(ends.data(), O_CLOEXEC) == 0, command);
    says_ = UniqueFd(ends[0]);
    const UniqueFd its_end(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, its_end.get(), STDOUT_FILENO);
    errno = ::posix_spawnp(&process_, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    need(errno == 0, command);
}

Program::~Program() {
    if (process_ != 0) ::waitpid(process_, nullptr, 0);
}

void Program::wait_for_first_byte() {
    char byte = 0;
    if (::read(says_.get(), &byte, 1) != 1) throw std::runtime_error(command_ + " says nothing");
}

void Program::terminate() {
    ::kill(process_, SIGTERM);
}

void Program::finish() {
    // What it still says would keep it waiting.
    std::array<char, 4096> rest{};
    while (::read(says_.get(), rest.data(), rest.size()) > 0) continue;
    int status = 0;
    need(::waitpid(std::exchange(process_, 0), &status, 0) > 0, command_);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error(command_ + " failed");
}

}  // namespace quire::bench
