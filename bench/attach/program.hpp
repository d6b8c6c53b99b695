// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <string>

#include "quire/base/unique_fd.hpp"

namespace quire::bench {

/// A program that runs, and what it says. What goes wrong throws.
class Program {
public:
    /// Words end at spaces.
    explicit Program(const std::string& command);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    /// Waits for its end.
    ~Program();

    void wait_for_first_byte();
    void terminate();
    /// Needs: it ends. Throws if it failed.
    void finish();

private:
    const std::string command_;
    UniqueFd says_;
    pid_t process_ = 0;
};

}  // namespace quire::bench
