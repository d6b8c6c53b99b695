// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "check/checker.hpp"

namespace quire::idl {

namespace {

// Declarations that wait for later ones, which wait for later ones: each level is a recursion.
constexpr std::size_t most_waiting = 64;

}  // namespace

void Checker::check(const ast::File& parsed, File& file) {
    parsed_ = &parsed;
    file_ = &file;
    progress_.assign(parsed.declarations.size(), Progress::none);
    scope_.begin(parsed);
    for (std::size_t i = 0; i < parsed.declarations.size(); ++i) {
        if (diagnostics_.full()) return;
        const auto name =
            std::visit([](const auto& it) { return it.name; }, parsed.declarations[i]);
        declare_at(i, name);
    }
    for (const Declaration& declaration : file.declarations) {
        const Ahead* ahead = std::get_if<Ahead>(&declaration);
        if (ahead && !ahead->interface->complete)
            wrong(Wrong::never_declared, ahead->interface->span,
                  fmt::format("the interface `{}` is never declared in this file",
                              ahead->interface->name),
                  "interfaces that refer to each other live in one file");
    }
}

// Looks at a declaration of the file, unless that has been done; false, after a report, when that is
// being done already or takes too many steps.
bool Checker::declare_at(std::size_t place, const ast::Name& user) {
    if (progress_[place] == Progress::done) return true;
    const auto& declaration = parsed_->declarations[place];
    const lang::Span span = std::visit([](const auto& it) { return it.name.span; }, declaration);
    if (progress_[place] == Progress::begun) {
        wrong(Wrong::circle, user.span,
              fmt::format("`{}` is needed to know `{}`", user.text(), user.text()), {},
              {{span, "it is declared here"}});
        return false;
    }
    if (depth_ >= most_waiting) {
        wrong(Wrong::circle, user.span,
              fmt::format("more than {} declarations wait for later ones", most_waiting),
              "move this one before what uses it", {{span, "it is declared here"}});
        return false;
    }
    ++depth_;
    progress_[place] = Progress::begun;
    std::visit([this](const auto& written) { declare(written); }, declaration);
    progress_[place] = Progress::done;
    --depth_;
    return true;
}

// What has the name, completely declared but for structs and interfaces that are being looked at;
// nullptr after a report.
const Entity* Checker::look_up(const ast::Name& name, std::string_view wanted) {
    const auto place = scope_.place_of(name.text());
    const Entity* entity = scope_.find(name.text());
    const bool begun = place && progress_[*place] == Progress::begun;
    if (place && !(entity && begun) && !declare_at(*place, name)) return nullptr;
    entity = scope_.find(name.text());
    // What is declared, but wrong, has been reported.
    if (!entity && !place) scope_.report_unknown(name, wanted);
    return entity;
}

// Operations and parameters would hide a constant of their name, which may be a bound of theirs.
void Checker::check_no_constant(const ast::Name& name, std::string_view what) {
    std::optional<lang::Span> constant;
    const Entity* entity = scope_.find(name.text());
    if (entity && entity->as<Constant>()) constant = entity->span;
    if (const auto place = scope_.place_of(name.text()))
        if (const auto* later = std::get_if<ast::Constant>(&parsed_->declarations[*place]))
            constant = later->name.span;
    if (constant)
        wrong(Wrong::hides_constant, name.span,
              fmt::format("`{}` is the name of a constant", name.text()),
              fmt::format("take another name for the {}", what), {{*constant, "the constant"}});
}

// The interface as far as a capability needs it: its name.
const Entity* Checker::look_up_interface(const ast::Name& name) {
    const Entity* entity = scope_.find(name.text());
    const auto place = scope_.place_of(name.text());
    const bool is_interface =
        place && std::holds_alternative<ast::Interface>(parsed_->declarations[*place]);
    if (!entity && is_interface && progress_[*place] == Progress::none) {
        if (Interface* made =
                new_interface(std::get<ast::Interface>(parsed_->declarations[*place]).name))
            announce(*made);
        return scope_.find(name.text());
    }
    if (!entity) return look_up(name, "an interface");
    if (const Interface* interface = entity->as<Interface>())
        if (!interface->complete) announce(*interface);
    return entity;
}

}  // namespace quire::idl
