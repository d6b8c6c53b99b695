// SPDX-License-Identifier: MIT

#pragma once

#include "codes.hpp"
#include "model/model.hpp"

namespace quire::idl {

/// Reports what programs made from the main file of `released` would not understand in `changed`,
/// or the reverse (docs/wire.md, "Old and new"). Names count too: two parameters of one type that
/// change places look the same on the wire.
///
/// Needs: both models without diagnostics, and alive as long as what is reported, which points into
/// them.
void check_compatible(const Model& released, const Model& changed, lang::Diagnostics& diagnostics);

}  // namespace quire::idl
