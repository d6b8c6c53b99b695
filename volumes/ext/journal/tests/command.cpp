// SPDX-License-Identifier: MIT

#include "command.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>

namespace quire::ext::journal {

Command run(const std::string& command) {
    Command result;
    const std::string line = "PATH=$PATH:/usr/sbin:/sbin LC_ALL=C; export PATH LC_ALL; { " +
                             command + "\n} 2>&1 </dev/null";
    FILE* pipe = ::popen(line.c_str(), "re");
    if (!pipe) return result;
    std::array<char, 4096> buffer;
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
        result.output.append(buffer.data(), size);
    const int status = ::pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

bool have_program(const std::string& name) {
    return run("command -v " + name).status == 0;
}

std::string quoted(const std::filesystem::path& path) {
    std::string word = "'";
    for (const char c : path.string()) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return word + "'";
}

}  // namespace quire::ext::journal
