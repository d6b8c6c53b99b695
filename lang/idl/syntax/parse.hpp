// SPDX-License-Identifier: MIT

#pragma once

#include "syntax/context.hpp"

namespace quire::idl {

/// Parses one source. Whatever it holds, the result is a file: with what could be understood,
/// after reporting what could not. `declarations` is the count of all files so far.
ast::File parse(const lang::Source& source, lang::Diagnostics& diagnostics, const Limits& limits,
                std::size_t& declarations);

}  // namespace quire::idl
