// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "model/model.hpp"

namespace quire::idl {

/// The bytes of every message of the compiled file's interfaces, one line for each value:
///
///     interface Flush
///       operation 5 flush
///         request 40 bytes, 0 descriptors
///           0       uint64                   populated_size
///
/// The offset counts from the body's start; `+4` is the next multiple of 4 after something of
/// variable length. Sizes are with header and padding: the least, and the most if that differs.
/// What does not change here does not change on the wire.
std::string emit_layout(const Model& model);

}  // namespace quire::idl
