// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <algorithm>

#include "check/checker.hpp"
#include "model/measure.hpp"

namespace quire::idl {

namespace {

bool fits(const Number& number, Scalar scalar) {
    return number.magnitude <= largest(scalar, number.negative);
}

bool only_data(const Type& type) {
    switch (type.kind) {
        case Type::Kind::capability:
        case Type::Kind::memory:
            return false;
        case Type::Kind::structure:
            return type.structure->only_data;
        case Type::Kind::list:
            return only_data(type.element.front());
        default:
            return true;
    }
}

std::size_t depth_of(const Type& type) {
    if (type.kind == Type::Kind::structure) return type.structure->depth;
    return type.kind == Type::Kind::list ? depth_of(type.element.front()) : 0;
}

std::string range_of(Scalar scalar) {
    return fmt::format("{}{} to {}", is_signed(scalar) ? "-" : "", largest(scalar, true),
                       largest(scalar, false));
}

}  // namespace

bool Checker::first_of_name(std::map<std::string_view, lang::Span>& seen, const ast::Name& name,
                            std::string_view what) {
    const auto [at, fresh] = seen.emplace(name.text(), name.span);
    if (!fresh)
        wrong(Wrong::member_twice, name.span,
              fmt::format("there are two {} `{}`", what, name.text()), {},
              {{at->second, "here is the first"}});
    return fresh;
}

void Checker::declare(const ast::Constant& written) {
    check_name(diagnostics_, written.name, NameOf::constant);
    if (written.type.kind != ast::Type::Kind::scalar || written.type.optional ||
        written.type.scalar == Scalar::boolean) {
        wrong(Wrong::constant_type, written.type.span, "a constant is an integer",
              "write one of int8 to int64 and uint8 to uint64");
        return;
    }
    const auto value = number(written.value);
    if (!value) return;
    if (!fits(*value, written.type.scalar))
        wrong(Wrong::constant_out_of_range, written.value.span,
              fmt::format("{} holds {}, and not {}", word_of(written.type.scalar),
                          range_of(written.type.scalar), text_of(*value)));
    Constant& made =
        model_.constants.emplace_back(Constant{std::string(written.name.text()), written.doc,
                                               written.name.span, written.type.scalar, *value});
    if (scope_.declare(written.name, {&made, written.name.span}))
        file_->declarations.emplace_back(&made);
}

void Checker::declare(const ast::Enum& written) {
    check_name(diagnostics_, written.name, NameOf::type);
    Enum& made = model_.enums.emplace_back(
        Enum{std::string(written.name.text()), written.doc, written.name.span, Scalar::uint8, {}});
    const bool scalar = written.type.kind == ast::Type::Kind::scalar && !written.type.optional;
    if (!scalar || is_signed(written.type.scalar) || written.type.scalar == Scalar::boolean) {
        wrong(Wrong::enum_type, written.type.span, "an enum is of an unsigned integer type",
              "write one of uint8, uint16, uint32 and uint64");
    } else {
        made.scalar = written.type.scalar;
        enumerators(written, made);
    }
    if (scope_.declare(written.name, {&made, written.name.span}))
        file_->declarations.emplace_back(&made);
}

void Checker::enumerators(const ast::Enum& written, Enum& made) {
    if (written.enumerators.empty())
        wrong(Wrong::empty_type, written.name.span,
              fmt::format("the enum `{}` has no values", made.name));
    std::map<std::string_view, lang::Span> names;
    std::map<std::uint64_t, lang::Span> values;
    for (const ast::Enumerator& enumerator : written.enumerators) {
        check_name(diagnostics_, enumerator.name, NameOf::value);
        first_of_name(names, enumerator.name, "values named");
        const auto value = number(enumerator.value);
        if (!value) continue;
        if (!fits(*value, made.scalar)) {
            wrong(Wrong::enumerator_out_of_range, enumerator.value.span,
                  fmt::format("{} holds {}, and not {}", word_of(made.scalar),
                              range_of(made.scalar), text_of(*value)));
            continue;
        }
        const auto [at, fresh] = values.emplace(value->magnitude, enumerator.name.span);
        if (!fresh)
            wrong(Wrong::enumerator_value_twice, enumerator.name.span,
                  fmt::format("`{}` has the value {}, which has a name already",
                              enumerator.name.text(), value->magnitude),
                  {}, {{at->second, "here is the first"}});
        made.enumerators.push_back(
            {std::string(enumerator.name.text()), enumerator.doc, value->magnitude});
    }
}

void Checker::declare(const ast::Struct& written) {
    check_name(diagnostics_, written.name, NameOf::type);
    Struct& made = model_.structs.emplace_back();
    made.name = written.name.text();
    made.doc = written.doc;
    made.span = written.name.span;
    if (written.members.empty())
        wrong(Wrong::empty_type, written.name.span,
              fmt::format("the struct `{}` has no members", made.name));
    // Known to its own members, so that recursion is called by its name.
    const bool declared = scope_.declare(written.name, {&made, written.name.span});
    members(written, made);
    made.complete = true;
    made.measure = measure(made.members);
    if (declared) file_->declarations.emplace_back(&made);
}

void Checker::members(const ast::Struct& written, Struct& made) {
    std::map<std::string_view, lang::Span> names;
    for (const ast::Member& member : written.members) {
        check_name(diagnostics_, member.name, NameOf::value);
        first_of_name(names, member.name, "members named");
        auto resolved = type(member.type);
        if (!resolved) continue;
        made.depth = std::max(made.depth, depth_of(*resolved) + 1);
        if (made.depth > limits_.struct_depth) {
            wrong(
                Wrong::structs_too_deep, member.type.span,
                fmt::format("structs contain structs deeper than {} levels", limits_.struct_depth));
            made.depth = 1;  // said once
        }
        made.only_data = made.only_data && only_data(*resolved);
        made.members.push_back({std::string(member.name.text()), member.doc, std::move(*resolved)});
    }
}

}  // namespace quire::idl
