// SPDX-License-Identifier: MIT

#pragma once

#include "quire/lang/common/reader.hpp"
#include "quire/lang/idl/compiler.hpp"

namespace quire::idl {

/// The same, but that it reads through `reader`; it writes what `--out` and `--depfile` name.
Outcome run(std::span<const std::string> arguments, lang::Reader& reader,
            std::string_view name = "quire-idl");

}  // namespace quire::idl
