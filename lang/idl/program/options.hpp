// SPDX-License-Identifier: MIT

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emit/cpp.hpp"
#include "quire/base/result.hpp"

namespace quire::idl {

/// What the command line asks for.
struct Options {
    bool help = false;
    bool version = false;
    bool layout = false;
    std::string explain;
    std::string out;
    std::string depfile;
    std::string compatible_with;
    std::vector<std::string> directories;
    CppOptions cpp;
    std::string file;

    /// Fails: invalid_argument, with a sentence for the caller.
    static Result<Options> parse(std::span<const std::string> arguments);
};

/// The text of `--help`.
std::string help_text();

}  // namespace quire::idl
