// SPDX-License-Identifier: MIT

#include "syntax/context.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace quire::idl {

std::string Context::doc_before(const lang::Span& first) const {
    const auto at =
        std::lower_bound(docs.begin(), docs.end(), first.begin,
                         [](const auto& doc, auto offset) { return doc.first < offset; });
    return at != docs.end() && at->first == first.begin ? at->second : std::string();
}

void Context::count(const lang::Span& where) {
    if (++declarations != limits.declarations + 1) return;
    stopped = true;
    report(diagnostics, Wrong::too_many_declarations, where,
           fmt::format("more than {} declarations", limits.declarations),
           "divide the protocol into parts that do not include each other");
}

void Context::recovered() {
    constexpr std::size_t most_recoveries = 100;
    if (++recoveries == most_recoveries) stopped = true;
}

void Context::declare(ast::Declaration declaration) {
    file.declarations.push_back(std::move(declaration));
}

void Context::include(const lang::Span& name, const lang::Span& first) {
    const bool late = !file.declarations.empty();
    if (file.includes.empty() && !late && file.doc.empty()) file.doc = doc_before(first);
    file.includes.push_back({name, doc_before(first), late});
}

}  // namespace quire::idl
