// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "codes.hpp"
#include "limits.hpp"
#include "syntax/ast.hpp"

namespace quire::idl {

/// What lexer and parser of one file share.
struct Context {
    const lang::Source& source;
    lang::Diagnostics& diagnostics;
    const Limits& limits;
    std::size_t& declarations;  ///< of all files so far

    ast::File file = {};
    /// No more tokens are to come: something is wrong beyond repair, and said.
    bool stopped = false;
    std::size_t recoveries = 0;
    /// Doc comments by the offset of the token that they stand before, ascending.
    std::vector<std::pair<std::uint32_t, std::string>> docs = {};

    lang::Span span(std::size_t begin, std::size_t end) const {
        return {&source, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
    }

    /// The doc comment before what begins with `first`.
    std::string doc_before(const lang::Span& first) const;

    /// Counts something declared.
    void count(const lang::Span& where);

    /// Counts a place from which the parser went on after a mistake. Mistakes close together are
    /// said once, so that the diagnostics alone would not end a hopeless source.
    void recovered();

    /// Takes a declaration, or an include, into the file.
    void declare(ast::Declaration declaration);
    void include(const lang::Span& name, const lang::Span& first);
};

}  // namespace quire::idl
