// SPDX-License-Identifier: MIT

#pragma once

#include <span>
#include <string_view>

#include "syntax/context.hpp"

namespace quire::idl {

/// Says what the parser met and what it would have taken, both as the grammar names tokens.
/// A forgotten semicolon is shown at `end_before`, where it belongs.
void report_syntax_error(Context& context, std::span<const std::string_view> expected,
                         std::string_view found, const lang::Span& where, std::size_t end_before);

/// The number with a minus before it; reports one that has no 64 bits.
ast::Number negated(ast::Number number, const lang::Span& where, Context& context);

}  // namespace quire::idl
