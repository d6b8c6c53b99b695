// SPDX-License-Identifier: MIT

#include "e2fsck.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "quire/testing/image.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::conformance {

namespace {

const std::string& e2fsck() {
    static const std::string found = [] {
        for (const char* path : {"/sbin/e2fsck", "/usr/sbin/e2fsck", "/usr/local/sbin/e2fsck"})
            if (::access(path, X_OK) == 0) return std::string(path);
        return std::string();
    }();
    return found;
}

}  // namespace

bool have_e2fsck() {
    return !e2fsck().empty();
}

Result<void> check_with_e2fsck(block::Device& device) {
    if (!have_e2fsck()) return {};
    const std::string& program = e2fsck();
    const testing::TemporaryDirectory directory;
    const std::string image = directory / "image";
    const std::string report = directory / "report";
    QUIRE_TRY(testing::write_image(device, image));

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, report.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    std::array<char*, 4> arguments = {const_cast<char*>(program.c_str()), const_cast<char*>("-fn"),
                                      const_cast<char*>(image.c_str()), nullptr};
    pid_t child = 0;
    const int refused =
        ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (refused != 0) return fail(static_cast<std::errc>(refused), "e2fsck does not start");
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    std::ifstream text(report);
    return fail(std::errc::io_error,
                fmt::format("e2fsck finds damage:\n{}",
                            std::string(std::istreambuf_iterator<char>(text), {})));
}

}  // namespace quire::conformance
