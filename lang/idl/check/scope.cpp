// SPDX-License-Identifier: MIT

#include "check/scope.hpp"

#include <fmt/core.h>

#include "quire/lang/common/text.hpp"

namespace quire::idl {

namespace {

// Comparing with every name of a large compilation would take long, and many names help nobody.
constexpr std::size_t most_compared = 500;

}  // namespace

std::string_view Entity::kind() const {
    static constexpr std::string_view kinds[] = {"a constant", "an enum", "a struct",
                                                 "an interface"};
    return kinds[what.index()];
}

void Scope::begin(const ast::File& file) {
    places_.clear();
    for (std::size_t i = 0; i < file.declarations.size(); ++i) {
        const auto* interface = std::get_if<ast::Interface>(&file.declarations[i]);
        if (interface && interface->ahead) continue;
        std::visit([&](const auto& it) { places_.emplace(it.name.text(), i); },
                   file.declarations[i]);
    }
}

const Entity* Scope::find(std::string_view name) const {
    const auto at = entities_.find(name);
    return at == entities_.end() ? nullptr : &at->second;
}

std::string Scope::similar_to(std::string_view name) const {
    std::vector<std::string_view> candidates{"bool",   "int8",   "int16",  "int32",  "int64",
                                             "uint8",  "uint16", "uint32", "uint64", "offset_t",
                                             "size_t", "string", "bytes",  "list"};
    for (const auto& [other, entity] : entities_) {
        if (candidates.size() >= most_compared) break;
        candidates.push_back(other);
    }
    for (const auto& [other, place] : places_) {
        if (candidates.size() >= most_compared) break;
        candidates.push_back(other);
    }
    const std::string_view near = lang::nearest(name, candidates);
    return near.empty() ? "" : fmt::format("did you mean `{}`?", near);
}

std::optional<std::size_t> Scope::place_of(std::string_view name) const {
    const auto at = places_.find(name);
    return at == places_.end() ? std::nullopt : std::optional(at->second);
}

void Scope::report_unknown(const ast::Name& name, std::string_view wanted) {
    if (diagnostics_.full()) return;
    report(diagnostics_, Wrong::unknown_name, name.span,
           fmt::format("there is no `{}`; {} is needed here", name.text(), wanted),
           similar_to(name.text()));
}

bool Scope::declare(const ast::Name& name, Entity entity) {
    const std::string text(name.text());
    if (const Entity* other = find(text)) {
        report(diagnostics_, Wrong::declared_twice, name.span,
               fmt::format("`{}` is declared already", text), {},
               {{other->span, fmt::format("here, as {}", other->kind())}});
        return false;
    }
    if (const auto claim = claims_.find(text); claim != claims_.end()) {
        report(diagnostics_, Wrong::generated_name, name.span,
               fmt::format("generated code has a `{}` of its own", text), "take another name",
               {{claim->second.span, "it comes with this"}});
        return false;
    }
    entities_.emplace(text, entity);
    return true;
}

void Scope::claim(std::string name, const lang::Span& span) {
    std::optional<lang::Span> other;
    if (const Entity* entity = find(name)) other = entity->span;
    if (const auto claim = claims_.find(name); claim != claims_.end()) other = claim->second.span;
    if (other)
        report(diagnostics_, Wrong::generated_name, span,
               fmt::format("generated code needs the name `{}` for this", name),
               "take another name for one of them", {{*other, "this has the name"}});
    claims_.emplace(std::move(name), Claim{span});
}

}  // namespace quire::idl
