// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "quire/lang/common/diagnostics.hpp"

namespace quire::lang {

/// A diagnostic for a terminal:
///
///     flush.idl:12:7: error Q0304: there is no type `unit64`
///        12 |   void flush(in unit64 size);
///           |                 ^~~~~~
///     help: `uint64` is one
///
/// Each note follows in the same form. Whatever bytes the source has, none but printable ones are
/// shown; of a long line, the part around the place.
std::string render(const Diagnostic& diagnostic);

/// All of them, and how many were left out.
std::string render(const Diagnostics& diagnostics);

}  // namespace quire::lang
