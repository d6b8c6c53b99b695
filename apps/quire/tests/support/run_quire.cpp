// SPDX-License-Identifier: MIT

#include "tests/support/run_quire.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "quire/base/unique_fd.hpp"

namespace quire::app::testing {

namespace {

// Streams are files in memory: a program that writes much to both can't wait for its reader.
UniqueFd stream(std::string_view content) {
    UniqueFd fd(::memfd_create("stream", MFD_CLOEXEC));
    EXPECT_TRUE(fd);
    EXPECT_EQ(::pwrite(fd.get(), content.data(), content.size(), 0),
              static_cast<ssize_t>(content.size()));
    return fd;
}

std::string content(const UniqueFd& fd) {
    std::string text;
    std::array<char, 65536> memory{};
    ssize_t count = 0;
    while ((count = ::pread(fd.get(), memory.data(), memory.size(),
                            static_cast<off_t>(text.size()))) > 0)
        text.append(memory.data(), static_cast<std::size_t>(count));
    return text;
}

std::string variable(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return std::string(name) + '=' + (value != nullptr ? value : otherwise);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> result;
    for (std::string& word : words) result.push_back(word.data());
    result.push_back(nullptr);
    return result;
}

Outcome start(std::vector<std::string> command, const Surroundings& surroundings) {
    const UniqueFd input = stream(surroundings.input);
    const UniqueFd output = stream("");
    const UniqueFd errors = stream("");
    std::vector<std::string> environment = surroundings.environment;
    environment.push_back(variable("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin");
    environment.push_back(variable("TMPDIR", "/tmp"));
    environment.push_back(variable("ASAN_OPTIONS", ""));
    environment.push_back(variable("TSAN_OPTIONS", ""));
    const std::vector<char*> arguments = pointers(command);
    const std::vector<char*> variables = pointers(environment);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::dup2(input.get(), 0) < 0 || ::dup2(output.get(), 1) < 0 ||
            ::dup2(errors.get(), 2) < 0)
            ::_exit(126);
        if (!surroundings.directory.empty() && ::chdir(surroundings.directory.c_str()) != 0)
            ::_exit(126);
        ::execvpe(arguments[0], arguments.data(), variables.data());
        ::_exit(127);
    }
    EXPECT_GT(child, 0);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), content(output),
            content(errors)};
}

}  // namespace

Outcome quire(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
    std::vector<std::string> command{QUIRE_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return start(std::move(command), surroundings);
}

Outcome run(const std::vector<std::string>& command, const Surroundings& surroundings) {
    return start(command, surroundings);
}

bool have(const std::string& program) {
    return run({"sh", "-c", "command -v " + program}).status == 0;
}

void prepare(const std::string& script, const std::filesystem::path& directory) {
    const Outcome outcome =
        run({"bash", "-euc", script}, {.directory = directory, .input = {}, .environment = {}});
    ASSERT_EQ(outcome.status, 0) << script << '\n' << outcome.out << outcome.err;
}

}  // namespace quire::app::testing
