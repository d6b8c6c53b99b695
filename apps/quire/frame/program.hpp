// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frame/options.hpp"
#include "frame/session.hpp"
#include "frame/verb.hpp"
#include "quire/assembly/environment.hpp"

namespace quire::app {

/// A verb with its options declared, before anything is parsed; for running, help and completion.
struct Invocation {
    const Verb* verb = nullptr;
    std::unique_ptr<Command> command;
    Options options;
    Manner manner;
    std::optional<std::string> seed;
    bool help = false;
};
/// Heap-allocated, because the options point into it.
std::unique_ptr<Invocation> prepare(const Verb& verb);

/// How the program ended.
struct Ending {
    int exit_code = 0;
    /// The reader of standard output went away before the end.
    bool reader_gone = false;
};

/// Runs one command line (without the program's name). Exit codes: 0 all succeeded, 1 some item
/// failed, 2 usage; verbs with codes of their own say so.
Ending run_program(const std::vector<std::string>& arguments, assembly::Environment environment);

}  // namespace quire::app
