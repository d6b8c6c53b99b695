// SPDX-License-Identifier: MIT

#pragma once

#include <filesystem>
#include <string>

namespace quire::ext::journal {

/// What a shell command said (both outputs) and its exit status.
struct Command {
    int status = -1;
    std::string output;
};

Command run(const std::string& command);

/// Whether the shell finds a program, /sbin and /usr/sbin included.
bool have_program(const std::string& name);

/// A path as one word of a shell command.
std::string quoted(const std::filesystem::path& path);

}  // namespace quire::ext::journal
