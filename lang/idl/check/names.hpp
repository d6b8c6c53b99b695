// SPDX-License-Identifier: MIT

#pragma once

#include <string_view>

#include "codes.hpp"
#include "syntax/ast.hpp"

namespace quire::idl {

/// A value is a member, parameter or enumerator.
enum class NameOf { type, value, operation, constant };

/// Whether the name is in the style of its kind and free for use in C++; reports it if not.
bool check_name(lang::Diagnostics& diagnostics, const ast::Name& name, NameOf kind);

}  // namespace quire::idl
