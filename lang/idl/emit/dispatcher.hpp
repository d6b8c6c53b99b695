// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "emit/cpp.hpp"

namespace quire::idl {

/// A function for each operation that reads its arguments, calls the object and answers.
std::string emit_answers(const Cpp& cpp, const Interface& interface);

/// Protocol<…>::dispatch, which chooses among them.
std::string emit_dispatch(const Cpp& cpp, const Interface& interface);

}  // namespace quire::idl
