// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::tests {

/// How a program ended.
struct Ending {
    bool killed = false;
    int exit_code = -1;
    std::string output;  ///< standard output and error
    /// System calls that it began.
    std::uint64_t system_calls = 0;
};

/// Runs a program to its end, or kills it (SIGKILL) where it begins its `kill_at`-th system call,
/// counted from 1 over all its threads; 0 means never. A moment chosen by counting calls is a
/// moment that can be found again, unlike one chosen by the clock.
/// Fails: operation_not_permitted (tracing is not allowed here).
Result<Ending> run_traced(const std::vector<std::string>& arguments, std::uint64_t kill_at);

/// Runs a program to its end without tracing it.
Result<Ending> run_program(const std::vector<std::string>& arguments);

}  // namespace quire::tests
