// SPDX-License-Identifier: MIT

#pragma once

#include <span>
#include <string>

#include "quire/lang/common/reader.hpp"

namespace quire::idl {

/// How a run of the program ended, and what it says.
struct Outcome {
    int status = 0;
    std::string out;
    std::string err;
};

/// The whole program but for its streams: reads through `reader`, writes what `--out` and
/// `--depfile` name.
Outcome run(std::span<const std::string> arguments, lang::Reader& reader);

}  // namespace quire::idl
