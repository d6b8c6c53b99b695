// SPDX-License-Identifier: MIT

#include "codes.hpp"

namespace quire::idl {

namespace {

constexpr lang::CatalogueEntry entries[] = {
#define QUIRE_IDL_DIAGNOSTIC(number, name, title, explanation) \
    {code_of(Wrong::name), title, explanation},
#include "codes.def"
#undef QUIRE_IDL_DIAGNOSTIC
};

}  // namespace

std::span<const lang::CatalogueEntry> catalogue() {
    return entries;
}

}  // namespace quire::idl
