// SPDX-License-Identifier: MIT

#include "model/model.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <type_traits>

#include "quire/lang/common/text.hpp"

namespace quire::idl {

namespace {

std::vector<const Field*> travelling(const Operation& operation, Direction other) {
    std::vector<const Field*> fields;
    for (const Parameter& parameter : operation.parameters)
        if (parameter.direction != other) fields.push_back(&parameter.field);
    return fields;
}

}  // namespace

std::vector<const Field*> Operation::inputs() const {
    return travelling(*this, Direction::out);
}

std::vector<const Field*> Operation::outputs() const {
    return travelling(*this, Direction::in);
}

std::vector<Declaration> File::in_source_order() const {
    std::vector<Declaration> list = declarations;
    std::erase_if(list, [](const Declaration& one) { return std::holds_alternative<Ahead>(one); });
    const auto place = [](const Declaration& one) {
        return std::visit(
            [](const auto& it) {
                if constexpr (std::is_pointer_v<std::decay_t<decltype(it)>>)
                    return it->span.begin;
                else
                    return it.interface->span.begin;
            },
            one);
    };
    std::sort(list.begin(), list.end(),
              [&](const Declaration& a, const Declaration& b) { return place(a) < place(b); });
    return list;
}

std::string_view word_of(Scalar scalar) {
    static constexpr std::string_view words[] = {"int8",   "int16",  "int32",  "int64", "uint8",
                                                 "uint16", "uint32", "uint64", "bool"};
    return words[static_cast<std::size_t>(scalar)];
}

std::size_t bytes_of(Scalar scalar) {
    static constexpr std::size_t bytes[] = {1, 2, 4, 8, 1, 2, 4, 8, 1};
    return bytes[static_cast<std::size_t>(scalar)];
}

bool is_signed(Scalar scalar) {
    return scalar <= Scalar::int64;
}

std::uint64_t largest(Scalar scalar, bool negative) {
    const auto bits = static_cast<unsigned>(bytes_of(scalar) * 8);
    if (!is_signed(scalar)) return negative ? 0 : ~std::uint64_t{0} >> (64 - bits);
    const std::uint64_t half = std::uint64_t{1} << (bits - 1);
    return negative ? half : half - 1;
}

std::string text_of(const Number& number) {
    return fmt::format("{}{}", number.negative ? "-" : "", number.magnitude);
}

std::string_view text_of(Direction direction) {
    switch (direction) {
        case Direction::in:
            return "in";
        case Direction::out:
            return "out";
        case Direction::inout:
            break;
    }
    return "inout";
}

std::string text_of(const Type& type) {
    const std::string bound =
        type.bound_constant ? type.bound_constant->name : fmt::format("{}", type.bound);
    switch (type.kind) {
        case Type::Kind::scalar:
            return std::string(word_of(type.scalar));
        case Type::Kind::enumeration:
            return type.enumeration->name;
        case Type::Kind::structure:
            return type.structure->name;
        case Type::Kind::string:
            return fmt::format("string<{}>", bound);
        case Type::Kind::bytes:
            return fmt::format("bytes<{}>", bound);
        case Type::Kind::list:
            return fmt::format("list<{}, {}>", text_of(type.element.front()), bound);
        case Type::Kind::capability:
            return fmt::format("{}cap<{}>", type.optional ? "optional " : "", type.interface->name);
        case Type::Kind::memory:
            break;
    }
    return "memory";
}

std::string result_struct_name(const Interface& interface, const Operation& operation) {
    return interface.name + lang::camel_case(operation.name) + "Result";
}

}  // namespace quire::idl
