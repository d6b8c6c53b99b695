// SPDX-License-Identifier: MIT

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.hpp"

/// What header and source have in common: names, types and layout of C++.
namespace quire::idl {

struct CppOptions {
    std::string name_space = "quire::protocols";
    std::string include_prefix = "quire/protocols";
};

/// C++ texts of one compilation.
class Cpp {
public:
    explicit Cpp(const CppOptions& options);

    const std::string& name_space() const { return options_.name_space; }
    /// A name of the namespace quire, as seen from the generated namespace: `Result`, or
    /// `::quire::Result` from elsewhere.
    std::string quire(std::string_view name) const { return quire_ + std::string(name); }
    /// quire::Error, which an interface may have a type of the same name beside.
    std::string error() const { return quire_.empty() ? "quire::Error" : quire_ + "Error"; }
    std::string ipc(std::string_view name) const { return quire_ + "ipc::" + std::string(name); }
    /// A name of the generated namespace, as seen from quire::ipc: `protocols::Flush`.
    std::string from_ipc(std::string_view name) const;
    /// `quire/protocols/types.hpp`
    std::string header_of(const File& file) const;

    /// `255`, or `name_limit` where the bound was given by that name.
    static std::string bound(const Type& type);
    static std::string literal(const Number& number, Scalar scalar);
    static std::string scalar(Scalar scalar);
    /// As a member, a result or an element.
    std::string value_type(const Type& type) const;
    /// As an argument: `const std::vector<Time>&`.
    std::string argument_type(const Type& type) const;
    /// ` = 0` of a member's declaration. Each has one, so that compilers let designated
    /// initializers leave members out.
    static std::string initializer(const Type& type);
    /// `Result<std::uint64_t>`, or `void` of a one-way operation.
    std::string result_type(const Interface& interface, const Operation& operation) const;
    /// The parameters of an operation, the call first.
    std::vector<std::string> arguments(const Operation& operation) const;

private:
    CppOptions options_;
    std::string quire_;
};

/// `name`, or with underscores behind it when a parameter has the name: no word of the language
/// ends in one.
std::string fresh(std::string name, const Operation& operation);

/// A doc comment as `///` lines; nothing for no text.
std::string doc_lines(std::string_view doc, std::string_view indent);
/// The doc of an operation with those of its parameters.
std::string operation_doc(const Operation& operation);

/// No line of generated code is longer where it can be broken.
inline constexpr std::size_t widest_line = 100;

/// `head(item, item)tail`, over as many lines of at most 100 columns as needed, laid out as
/// clang-format would.
std::string wrapped(std::string_view head, std::span<const std::string> items,
                    std::string_view tail);

/// A statement `head callee(item, item);`, as a call is broken: before the callee, or else after
/// the parenthesis.
std::string wrapped_call(std::string_view head, std::string_view callee,
                         std::span<const std::string> items);

}  // namespace quire::idl
