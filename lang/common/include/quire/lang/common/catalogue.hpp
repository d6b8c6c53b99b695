// SPDX-License-Identifier: MIT

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "quire/lang/common/diagnostics.hpp"

namespace quire::lang {

/// What a compiler can say of one number: the whole text is for `--explain`.
struct CatalogueEntry {
    Code code;
    std::string_view title;        ///< a phrase: `a structure contains itself`
    std::string_view explanation;  ///< sentences, with an example where one helps
};

/// The entry of a code, or nullptr. Needs: entries in ascending order of code.
const CatalogueEntry* find(std::span<const CatalogueEntry> catalogue, Code code);

/// An entry as `--explain` prints it, lines of at most 80 characters.
std::string explain(const CatalogueEntry& entry);

}  // namespace quire::lang
