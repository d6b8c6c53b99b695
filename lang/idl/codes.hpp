// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quire/lang/common/catalogue.hpp"
#include "quire/lang/common/diagnostics.hpp"

namespace quire::idl {

/// The diagnostics of this compiler by name; codes.def has their numbers and texts.
enum class Wrong : std::uint16_t {
#define QUIRE_IDL_DIAGNOSTIC(number, name, title, explanation) name = number,
#include "codes.def"
#undef QUIRE_IDL_DIAGNOSTIC
};

constexpr lang::Code code_of(Wrong wrong) {
    return {'Q', static_cast<std::uint16_t>(wrong)};
}

/// All of them, in ascending order.
std::span<const lang::CatalogueEntry> catalogue();

/// Adds a diagnostic.
inline void report(lang::Diagnostics& diagnostics, Wrong wrong, lang::Span span,
                   std::string message, std::string help = {}, std::vector<lang::Note> notes = {}) {
    diagnostics.add({code_of(wrong), span, std::move(message), std::move(help), std::move(notes)});
}

}  // namespace quire::idl
