// SPDX-License-Identifier: MIT

#include "emit/cpp.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace quire::idl {

namespace {

constexpr std::uint64_t largest_signed = std::numeric_limits<std::int64_t>::max();

}  // namespace

Cpp::Cpp(const CppOptions& options) : options_(options) {
    const std::string& name = options_.name_space;
    quire_ = name == "quire" || name.starts_with("quire::") ? "" : "::quire::";
}

std::string Cpp::from_ipc(std::string_view name) const {
    std::string_view place = options_.name_space;
    if (place.starts_with("quire::"))
        place.remove_prefix(7);
    else if (place != "quire")
        return fmt::format("::{}::{}", place, name);
    return fmt::format("{}::{}", place, name);
}

std::string Cpp::header_of(const File& file) const {
    const std::string& prefix = options_.include_prefix;
    return fmt::format("{}{}{}.hpp", prefix, prefix.empty() ? "" : "/", file.stem);
}

std::string Cpp::bound(const Type& type) {
    return type.bound_constant ? type.bound_constant->name : fmt::format("{}", type.bound);
}

std::string Cpp::literal(const Number& number, Scalar scalar) {
    // Some numbers have no literal of their own type.
    if (number.magnitude <= largest_signed) return text_of(number);
    if (!is_signed(scalar)) return text_of(number) + "u";
    return "std::numeric_limits<std::int64_t>::min()";
}

std::string Cpp::scalar(Scalar scalar) {
    return scalar == Scalar::boolean ? "bool" : fmt::format("std::{}_t", word_of(scalar));
}

std::string Cpp::value_type(const Type& type) const {
    switch (type.kind) {
        case Type::Kind::scalar:
            return scalar(type.scalar);
        case Type::Kind::enumeration:
            return type.enumeration->name;
        case Type::Kind::structure:
            return type.structure->name;
        case Type::Kind::string:
            return "std::string";
        case Type::Kind::bytes:
            return "std::vector<std::byte>";
        case Type::Kind::list:
            return fmt::format("std::vector<{}>", value_type(type.element.front()));
        case Type::Kind::capability:
            return fmt::format("{}<{}>", ipc("Cap"), type.interface->name);
        case Type::Kind::memory:
            break;
    }
    return ipc("Memory");
}

std::string Cpp::argument_type(const Type& type) const {
    switch (type.kind) {
        case Type::Kind::string:
            return "std::string_view";
        case Type::Kind::bytes:
            return "std::span<const std::byte>";
        case Type::Kind::structure:
        case Type::Kind::list:
            return fmt::format("const {}&", value_type(type));
        default:
            return value_type(type);
    }
}

std::string Cpp::initializer(const Type& type) {
    if (type.kind == Type::Kind::scalar)
        return type.scalar == Scalar::boolean ? " = false" : " = 0";
    if (type.kind != Type::Kind::enumeration) return " = {}";
    return fmt::format(" = {}::{}", type.enumeration->name,
                       type.enumeration->enumerators.front().name);
}

std::string Cpp::result_type(const Interface& interface, const Operation& operation) const {
    if (operation.oneway) return "void";
    const auto outputs = operation.outputs();
    std::string value = "void";
    if (outputs.size() == 1) value = value_type(outputs.front()->type);
    if (outputs.size() > 1) value = result_struct_name(interface, operation);
    return fmt::format("{}<{}>", quire("Result"), value);
}

std::vector<std::string> Cpp::arguments(const Operation& operation) const {
    std::vector<std::string> list{
        fmt::format("const {}& {}", ipc("Call"), fresh("call", operation))};
    for (const Field* field : operation.inputs())
        list.push_back(fmt::format("{} {}", argument_type(field->type), field->name));
    return list;
}

std::string fresh(std::string name, const Operation& operation) {
    const auto taken = [&](const Parameter& parameter) { return parameter.field.name == name; };
    if (std::any_of(operation.parameters.begin(), operation.parameters.end(), taken)) name += '_';
    return name;
}

std::string doc_lines(std::string_view doc, std::string_view indent) {
    std::string text;
    while (!doc.empty()) {
        const std::size_t end = std::min(doc.find('\n'), doc.size());
        std::string_view line = doc.substr(0, end);
        // A backslash at its end would make the next line part of the comment.
        while (line.ends_with('\\') || line.ends_with(' ') || line.ends_with('\t'))
            line.remove_suffix(1);
        text += fmt::format("{}///{}{}\n", indent, line.empty() ? "" : " ", line);
        doc.remove_prefix(std::min(end + 1, doc.size()));
    }
    return text;
}

std::string operation_doc(const Operation& operation) {
    std::string doc = operation.doc;
    for (const Parameter& parameter : operation.parameters) {
        if (parameter.field.doc.empty()) continue;
        if (!doc.empty()) doc += '\n';
        doc += fmt::format("{}: {}", parameter.field.name, parameter.field.doc);
    }
    return doc;
}

std::string wrapped(std::string_view head, std::span<const std::string> items,
                    std::string_view tail) {
    // Of the head, the last line and its indentation count.
    const std::size_t line_start = head.rfind('\n') == head.npos ? 0 : head.rfind('\n') + 1;
    const std::size_t indent = head.find_first_not_of(' ', line_start) - line_start;
    const std::size_t opening = head.size() - line_start + 1;
    const std::size_t tail_size = std::min(tail.find('\n'), tail.size());
    const auto reach = [&](std::size_t i) {  // columns of an item with what closes it
        return items[i].size() + (i + 1 == items.size() ? 1 + tail_size : 1);
    };
    bool aligned = true;
    for (std::size_t i = 0; i < items.size(); ++i)
        aligned = aligned && opening + reach(i) <= widest_line;

    std::string text(head);
    text += '(';
    const std::size_t column = aligned ? opening : indent + 4;
    const std::string line_break = '\n' + std::string(column, ' ');
    std::size_t at = opening;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const bool first_broken = i == 0 && !aligned;
        if (first_broken || (i > 0 && at + 1 + reach(i) > widest_line)) {
            text += line_break;
            at = column;
        } else if (i > 0) {
            text += ' ';
            ++at;
        }
        text += items[i];
        at += items[i].size();
        if (i + 1 < items.size()) {
            text += ',';
            ++at;
        }
    }
    text += ')';
    text += tail;
    return text;
}

std::string wrapped_call(std::string_view head, std::string_view callee,
                         std::span<const std::string> items) {
    std::string list;
    for (const std::string& item : items) list += (list.empty() ? "" : ", ") + item;
    const std::size_t indent = std::min(head.find_first_not_of(' '), head.size());
    const std::string next_line = '\n' + std::string(indent + 4, ' ');
    const std::string call = fmt::format("{}({});\n", callee, list);
    if (head.size() + call.size() - 1 <= widest_line) return fmt::format("{}{}", head, call);
    // Only an assignment can be broken before the call.
    if (head.ends_with("= ") && indent + 4 + call.size() - 1 <= widest_line)
        return fmt::format("{}{}{}", head.substr(0, head.size() - 1), next_line, call);
    const std::string aligned = wrapped(fmt::format("{}{}", head, callee), items, ";\n");
    const bool fits = indent + 4 + list.size() + 2 <= widest_line;
    if (!fits || std::count(aligned.begin(), aligned.end(), '\n') == 2) return aligned;
    return fmt::format("{}{}({}{});\n", head, callee, next_line, list);
}

}  // namespace quire::idl
