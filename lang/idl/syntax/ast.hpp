// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "quire/lang/common/source.hpp"

/// A file as it is written: nothing is looked up yet, and nothing but the grammar is checked.
namespace quire::idl::ast {

struct Name {
    lang::Span span;
    std::string_view text() const { return span.text(); }
};

enum class Scalar { int8, int16, int32, int64, uint8, uint16, uint32, uint64, boolean };

struct Number {
    std::uint64_t magnitude = 0;
    bool negative = false;
};

/// A number, or the name of a constant.
struct Value {
    lang::Span span;
    std::variant<Number, Name> content;
};

struct Type {
    enum class Kind { scalar, named, string, bytes, list, capability, memory };

    Kind kind = Kind::scalar;
    lang::Span span;
    Scalar scalar = Scalar::uint8;
    Name name = {};                   ///< of `named` and `capability`
    std::optional<Value> bound = {};  ///< of `string`, `bytes` and `list`; none: it was forgotten
    std::vector<Type> element = {};   ///< one, of `list`
    bool optional = false;
};

struct Include {
    lang::Span span;  ///< of the file name with its quotes
    std::string doc;
    bool late = false;  ///< a declaration stands before it
    std::string_view file() const { return span.text().substr(1, span.end - span.begin - 2); }
};

struct Constant {
    Name name;
    std::string doc;
    Type type;
    Value value;
};

struct Enumerator {
    Name name;
    std::string doc;
    Value value;
};

struct Enum {
    Name name;
    std::string doc;
    Type type;
    std::vector<Enumerator> enumerators;
};

struct Member {
    Name name;
    std::string doc;
    Type type;
};

struct Struct {
    Name name;
    std::string doc;
    std::vector<Member> members;
};

struct Attribute {
    Name name;
    std::optional<Value> value;
};

enum class Direction { in, out, inout };

struct Parameter {
    Name name;
    std::string doc;
    std::optional<Direction> direction;
    Type type;
};

struct Operation {
    Name name;
    std::string doc;
    std::vector<Attribute> attributes;
    std::optional<Type> result;  ///< something other than void, which is wrong
    std::vector<Parameter> parameters;
};

struct Interface {
    Name name;
    std::string doc;
    bool ahead = false;     ///< `interface X;`
    bool compound = false;  ///< `composes`
    bool has_body = false;
    std::vector<Name> parts;
    std::vector<Operation> operations;
};

using Declaration = std::variant<Constant, Enum, Struct, Interface>;

struct File {
    std::string doc;
    std::vector<Include> includes;
    std::vector<Declaration> declarations;
};

}  // namespace quire::idl::ast
