// SPDX-License-Identifier: MIT

#include "emit/carry.hpp"

#include <fmt/core.h>

namespace quire::idl {

namespace {

bool has_functions(const Type& type) {
    return type.kind == Type::Kind::structure || type.kind == Type::Kind::enumeration;
}

// An expression that reads a value of a type that has no decode().
std::string get_expression(const Type& type, std::string_view view) {
    switch (type.kind) {
        case Type::Kind::string:
            return fmt::format("in.get_string{}({})", view, Cpp::bound(type));
        case Type::Kind::bytes:
            return fmt::format("in.get_bytes{}({})", view, Cpp::bound(type));
        case Type::Kind::capability:
            return fmt::format("in.get_{}cap<{}>()", type.optional ? "optional_" : "",
                               type.interface->name);
        case Type::Kind::memory:
            return "in.get_memory()";
        default:
            return fmt::format("in.get<{}>()", Cpp::scalar(type.scalar));
    }
}

}  // namespace

std::string Carry::put(const Type& type, std::string_view value) const {
    switch (type.kind) {
        case Type::Kind::scalar:
            return fmt::format("{}out.put({});\n", indent_, value);
        case Type::Kind::enumeration:
        case Type::Kind::structure:
            return fmt::format("{}encode(out, {});\n", indent_, value);
        case Type::Kind::string:
            return fmt::format("{}out.put_string({}, {});\n", indent_, value, Cpp::bound(type));
        case Type::Kind::bytes:
            return fmt::format("{}out.put_bytes({}, {});\n", indent_, value, Cpp::bound(type));
        case Type::Kind::list:
            return put_list(type, value);
        case Type::Kind::capability:
            return fmt::format("{}out.put_{}cap({});\n", indent_, type.optional ? "optional_" : "",
                               value);
        case Type::Kind::memory:
            break;
    }
    return fmt::format("{}out.put_memory({});\n", indent_, value);
}

std::string Carry::loop(std::string_view head, std::string_view body) const {
    const bool one_line = indent_.size() + head.size() + 1 + body.size() <= widest_line;
    return fmt::format("{}{}{}{}\n", indent_, head, one_line ? " " : "\n" + indent_ + "    ", body);
}

std::string Carry::put_list(const Type& type, std::string_view value) const {
    const Type& element = type.element.front();
    const std::string name = fresh("element", around_);
    const bool by_value =
        element.kind == Type::Kind::scalar || element.kind == Type::Kind::enumeration;
    std::string body = Carry(cpp_, around_, "").put(element, name);
    body.pop_back();
    // What is behind a pointer comes as `*result`.
    const std::string size = value.starts_with('*') ? fmt::format("{}->size()", value.substr(1))
                                                    : fmt::format("{}.size()", value);
    return fmt::format("{}out.put_count({}, {});\n", indent_, size, Cpp::bound(type)) +
           loop(fmt::format("for (const {}{} {} : {})", cpp_.value_type(element),
                            by_value ? "" : "&", name, value),
                body);
}

std::string Carry::get(const Type& type, std::string_view place) const {
    if (has_functions(type)) return fmt::format("{}decode(in, {});\n", indent_, place);
    if (type.kind == Type::Kind::list)
        return fmt::format("{}{}.clear();\n", indent_, place) + get_list(type, place);
    return fmt::format("{}{} = {};\n", indent_, place, get_expression(type, ""));
}

// Also after an error: what follows a capability that is stale is still well-formed. A count is at most
// the bound, and as many elements fit a message.
std::string Carry::get_list(const Type& type, std::string_view place) const {
    const Type& element = type.element.front();
    const std::string left = fresh("left", around_);
    return loop(fmt::format("for (std::size_t {0} = in.get_count({1}); {0} > 0; --{0})", left,
                            Cpp::bound(type)),
                has_functions(element)
                    ? fmt::format("decode(in, {}.emplace_back());", place)
                    : fmt::format("{}.push_back({});", place, get_expression(element, "")));
}

std::string Carry::get_argument(const Type& type, std::string_view name) const {
    if (type.kind == Type::Kind::string || type.kind == Type::Kind::bytes)
        return fmt::format("{}const auto {} = {};\n", indent_, name, get_expression(type, "_view"));
    if (type.kind == Type::Kind::scalar)
        return fmt::format("{}const auto {} = {};\n", indent_, name, get_expression(type, ""));
    return get_result(type, name);
}

std::string Carry::get_result(const Type& type, std::string_view name) const {
    const std::string declaration =
        fmt::format("{}{} {}{};\n", indent_, cpp_.value_type(type), name,
                    type.kind == Type::Kind::enumeration ? Cpp::initializer(type) : "");
    if (has_functions(type)) return declaration + get(type, name);
    if (type.kind == Type::Kind::list) return declaration + get_list(type, name);
    return fmt::format("{}auto {} = {};\n", indent_, name, get_expression(type, ""));
}

}  // namespace quire::idl
