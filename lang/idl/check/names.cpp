// SPDX-License-Identifier: MIT

#include "check/names.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "quire/lang/common/text.hpp"

namespace quire::idl {

namespace {

// Sorted, because they are searched: C++'s keywords, macros of headers that generated code
// includes or is likely to be included with, and functions that generated code calls.
constexpr std::string_view reserved_values[] = {
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "decode",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "encode",
    "enum",
    "errno",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "linux",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "return",
    "s6_addr",
    "sa_handler",
    "sa_sigaction",
    "short",
    "si_addr",
    "si_band",
    "si_fd",
    "si_int",
    "si_pid",
    "si_ptr",
    "si_status",
    "si_uid",
    "si_value",
    "signed",
    "sizeof",
    "st_atime",
    "st_ctime",
    "st_mtime",
    "static",
    "static_assert",
    "static_cast",
    "stderr",
    "stdin",
    "stdout",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unix",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
};
static_assert(std::is_sorted(std::begin(reserved_values), std::end(reserved_values)));

// Members of ipc::Interface, and macros that look like functions.
constexpr std::string_view reserved_operations[] = {
    "assert", "interface_name", "major",   "makedev", "minor",    "offsetof",
    "remote", "va_arg",         "va_copy", "va_end",  "va_start",
};
static_assert(std::is_sorted(std::begin(reserved_operations), std::end(reserved_operations)));

// Local names and members of generated code, which would hide the constant.
constexpr std::string_view reserved_constants[] = {
    "call",   "discard", "element", "interface_name", "invocation", "left",
    "object", "remote",  "reply",   "request",        "result",     "value",
};
static_assert(std::is_sorted(std::begin(reserved_constants), std::end(reserved_constants)));
// Its functions that answer an operation begin so.
constexpr std::string_view reserved_prefix = "answer_";

constexpr std::string_view reserved_types[] = {"Result"};

template <std::size_t N>
bool is_among(const std::string_view (&words)[N], std::string_view word) {
    return std::binary_search(std::begin(words), std::end(words), word);
}

bool is_small(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_type_style(std::string_view name) {
    if (name.front() < 'A' || name.front() > 'Z' || name.find('_') != name.npos) return false;
    // All capitals are macros.
    return std::any_of(name.begin(), name.end(), is_small);
}

bool is_value_style(std::string_view name) {
    const bool characters = std::all_of(name.begin(), name.end(), [](char c) {
        return is_small(c) || (c >= '0' && c <= '9') || c == '_';
    });
    return characters && is_small(name.front()) && !name.ends_with('_') &&
           name.find("__") == name.npos;
}

bool is_reserved(std::string_view name, NameOf kind) {
    switch (kind) {
        case NameOf::type:
            return is_among(reserved_types, name);
        case NameOf::value:
            return is_among(reserved_values, name);
        case NameOf::operation:
            return is_among(reserved_values, name) || is_among(reserved_operations, name);
        case NameOf::constant:
            break;
    }
    return is_among(reserved_values, name) || is_among(reserved_constants, name) ||
           name.starts_with(reserved_prefix);
}

// What the name might be in the right style, or nothing.
std::string suggestion(std::string_view name, bool type) {
    while (name.starts_with('_')) name.remove_prefix(1);
    while (name.ends_with('_')) name.remove_suffix(1);
    std::string other = type ? lang::camel_case(name) : lang::snake_case(name);
    for (std::size_t at; (at = other.find("__")) != other.npos;) other.erase(at, 1);
    const bool good = !other.empty() && (type ? is_type_style(other) : is_value_style(other));
    return good ? fmt::format("`{}` would do", other) : "";
}

}  // namespace

bool check_name(lang::Diagnostics& diagnostics, const ast::Name& name, NameOf kind) {
    const std::string_view text = name.text();
    const bool type = kind == NameOf::type;
    if (type ? !is_type_style(text) : !is_value_style(text)) {
        report(diagnostics, Wrong::name_style, name.span,
               fmt::format("`{}` is not {}", text,
                           type ? "CamelCase, as types are" : "snake_case, as names are"),
               suggestion(text, type));
        return false;
    }
    if (is_reserved(text, kind)) {
        report(diagnostics, Wrong::reserved_name, name.span,
               fmt::format("C++ or the generated code keeps the name `{}` to itself", text),
               "take another name, or make it longer");
        return false;
    }
    return true;
}

}  // namespace quire::idl
