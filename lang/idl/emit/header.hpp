// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "emit/cpp.hpp"

namespace quire::idl {

/// The C++ header of the compiled file: constants, enums, structs, abstract classes, and what
/// carries them over a channel.
std::string emit_header(const Model& model, const Cpp& cpp);

/// The C++ source that belongs to it: reading and writing, proxies, dispatchers.
std::string emit_source(const Model& model, const Cpp& cpp);

}  // namespace quire::idl
