// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "check/checker.hpp"

namespace quire::idl {

std::optional<Number> Checker::number(const ast::Value& value, const Constant** from) {
    if (const auto* number = std::get_if<Number>(&value.content)) return *number;
    const auto& name = std::get<ast::Name>(value.content);
    const Entity* entity = look_up(name, "a number or a constant");
    if (!entity) return std::nullopt;
    const Constant* constant = entity->as<Constant>();
    if (!constant) {
        wrong(Wrong::wrong_kind, name.span,
              fmt::format("`{}` is {}; a number or a constant is needed here", name.text(),
                          entity->kind()),
              {}, {{entity->span, "it is declared here"}});
        return std::nullopt;
    }
    if (from) *from = constant;
    return constant->value;
}

bool Checker::bound(const ast::Type& written, std::string_view form, Type& type) {
    if (!written.bound) {
        wrong(Wrong::unbounded, written.span, fmt::format("`{}` has no bound", written.span.text()),
              fmt::format("write {}: how many may it be at most?", form));
        return false;
    }
    const auto given = number(*written.bound, &type.bound_constant);
    if (!given) return false;
    if (given->negative || given->magnitude == 0 || given->magnitude > largest_message) {
        wrong(Wrong::bound_out_of_range, written.bound->span,
              fmt::format("a bound of {} is not from 1 to {}", text_of(*given), largest_message));
        return false;
    }
    type.bound = given->magnitude;
    return true;
}

std::optional<Type> Checker::named_type(const ast::Type& written) {
    const Entity* entity = look_up(written.name, "a type");
    if (!entity) return std::nullopt;
    Type type;
    if (Enum* enumeration = entity->as<Enum>()) {
        type.kind = Type::Kind::enumeration;
        type.enumeration = enumeration;
        return type;
    }
    if (Struct* structure = entity->as<Struct>()) {
        if (!structure->complete) {
            wrong(Wrong::struct_recursion, written.span,
                  fmt::format("the struct `{}` contains itself", structure->name), {},
                  {{structure->span, "it is declared here"}});
            return std::nullopt;
        }
        type.kind = Type::Kind::structure;
        type.structure = structure;
        return type;
    }
    wrong(Wrong::wrong_kind, written.span,
          fmt::format("`{}` is {} and no type", written.name.text(), entity->kind()),
          entity->as<Interface>()
              ? fmt::format("what travels is a capability: cap<{}>", written.name.text())
              : "",
          {{entity->span, "it is declared here"}});
    return std::nullopt;
}

std::optional<Type> Checker::list_type(const ast::Type& written) {
    Type made;
    made.kind = Type::Kind::list;
    const bool bounded = bound(written, "list<T, N>", made);
    const ast::Type& element = written.element.front();
    std::string_view refused;
    if (element.kind == ast::Type::Kind::list) refused = "lists";
    if (element.kind == ast::Type::Kind::capability) refused = "capabilities";
    if (element.kind == ast::Type::Kind::memory) refused = "memory";
    if (!refused.empty()) {
        wrong(Wrong::list_element, element.span, fmt::format("a list cannot hold {}", refused),
              "put it into a struct and make a list of that");
        return std::nullopt;
    }
    const auto inner = type(element);
    if (!inner || !bounded) return std::nullopt;
    made.element.push_back(*inner);
    return made;
}

std::optional<Type> Checker::capability_type(const ast::Type& written) {
    const Entity* entity = look_up_interface(written.name);
    if (!entity) return std::nullopt;
    Type made;
    made.kind = Type::Kind::capability;
    made.interface = entity->as<Interface>();
    made.optional = written.optional;
    if (made.interface) return made;
    wrong(Wrong::wrong_kind, written.name.span,
          fmt::format("`{}` is {}; a capability is of an interface", written.name.text(),
                      entity->kind()),
          {}, {{entity->span, "it is declared here"}});
    return std::nullopt;
}

std::optional<Type> Checker::type(const ast::Type& written) {
    using Kind = ast::Type::Kind;
    if (written.optional && written.kind != Kind::capability) {
        wrong(Wrong::optional_type, written.span, "only a capability may be optional");
        return std::nullopt;
    }
    Type made;
    switch (written.kind) {
        case Kind::scalar:
            made.scalar = written.scalar;
            return made;
        case Kind::named:
            return named_type(written);
        case Kind::list:
            return list_type(written);
        case Kind::capability:
            return capability_type(written);
        case Kind::memory:
            made.kind = Type::Kind::memory;
            return made;
        case Kind::string:
            made.kind = Type::Kind::string;
            if (bound(written, "string<N>", made)) return made;
            break;
        case Kind::bytes:
            made.kind = Type::Kind::bytes;
            if (bound(written, "bytes<N>", made)) return made;
            break;
    }
    return std::nullopt;
}

}  // namespace quire::idl
