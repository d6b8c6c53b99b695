// SPDX-License-Identifier: MIT

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace quire::idl {

/// How a run of the compiler ended, and what it says.
struct Outcome {
    int status = 0;  ///< 0; 1 the file has errors; 2 the command line or a file cannot be used
    std::string out;
    std::string err;
};

/// The whole of quire-idl but for its streams. `name` is what its own sentences begin with.
Outcome run(std::span<const std::string> arguments, std::string_view name = "quire-idl");

}  // namespace quire::idl
