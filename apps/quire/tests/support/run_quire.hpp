// SPDX-License-Identifier: MIT

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace quire::app::testing {

/// How a program ended and what it wrote.
struct Outcome {
    int status = 0;  ///< the exit code, or 128 and the number of the signal that ended it
    std::string out;
    std::string err;
};

struct Surroundings {
    std::filesystem::path directory;       ///< the working directory; empty: the test's own
    std::string input;                     ///< what it reads on standard input
    std::vector<std::string> environment;  ///< NAME=VALUE, besides PATH and TMPDIR
};

/// Runs the built `quire`.
Outcome quire(const std::vector<std::string>& arguments, const Surroundings& surroundings = {});

/// Runs another program, found through PATH.
Outcome run(const std::vector<std::string>& command, const Surroundings& surroundings = {});

/// Whether a program is installed (PATH and the sbin directories, where mke2fs is).
bool have(const std::string& program);

/// Runs a shell script that must succeed: set-up of a test. A failure fails the test with its
/// output.
void prepare(const std::string& script, const std::filesystem::path& directory);

}  // namespace quire::app::testing
