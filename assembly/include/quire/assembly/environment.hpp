// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "quire/base/time.hpp"

namespace quire::assembly {

/// The world outside, as far as objects and verbs need it. `main` fills it from the process; tests
/// fill it as they like. Nobody else reads environment variables, clocks or terminals.
struct Environment {
    /// The machine's clock, or one that stands still at SOURCE_DATE_EPOCH.
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
    /// SOURCE_DATE_EPOCH, where it is set.
    std::optional<Time> source_date;
    /// Where random choices (UUIDs, hash seeds) come from; nothing means from the machine.
    std::optional<std::uint64_t> seed;
    std::uint16_t umask = 022;
    /// What relative host paths are relative to, absolute; empty means the process's own.
    std::string working_directory;
    /// Where other programs are found, as PATH has it.
    std::string program_path;
    /// Where large files without a name go for a while, as TMPDIR has it.
    std::string temporary_directory = "/var/tmp";
    /// Where servers leave word of themselves; empty: nowhere.
    std::string runtime_directory;
    /// Standard streams, not owned.
    int input = 0;
    int output = 1;
    int errors = 2;
    bool input_is_terminal = false;
    bool output_is_terminal = false;
    bool errors_is_terminal = false;
    /// Width of the terminal in columns.
    unsigned columns = 80;

    /// A host path as the process has to say it: joined to the working directory.
    std::string host_path(const std::string& path) const {
        if (working_directory.empty() || path.starts_with('/')) return path;
        return working_directory + '/' + path;
    }
};

}  // namespace quire::assembly
