// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/steps.hpp"
#include "quire/lang/common/source.hpp"
#include "syntax/ast.hpp"

/// What the checker makes of the files: every name is looked up, every value known, every rule
/// kept. Emitters read nothing else.
namespace quire::idl {

using ast::Direction;
using ast::Number;
using ast::Scalar;

struct Constant;
struct Enum;
struct Struct;
struct Interface;

struct Type {
    enum class Kind { scalar, enumeration, structure, string, bytes, list, capability, memory };

    Kind kind = Kind::scalar;
    Scalar scalar = Scalar::uint8;
    std::uint64_t bound = 0;
    const Constant* bound_constant = nullptr;  ///< when the bound was given by name
    const Enum* enumeration = nullptr;
    const Struct* structure = nullptr;
    const Interface* interface = nullptr;
    bool optional = false;
    std::vector<Type> element = {};  ///< one, of a list
};

struct Constant {
    std::string name;
    std::string doc;
    lang::Span span;
    Scalar scalar;
    Number value;
};

struct Enumerator {
    std::string name;
    std::string doc;
    std::uint64_t value;
};

struct Enum {
    std::string name;
    std::string doc;
    lang::Span span;
    Scalar scalar;
    std::vector<Enumerator> enumerators;
};

struct Field {
    std::string name;
    std::string doc;
    Type type;
};

struct Struct {
    std::string name;
    std::string doc;
    lang::Span span;
    bool complete = false;  ///< all members are known
    std::vector<Field> members;
    Measure measure;
    std::size_t depth = 1;  ///< 1: no structs inside
    bool only_data = true;  ///< neither capabilities nor memory inside
};

struct Parameter {
    Field field;
    Direction direction;
};

struct Operation {
    std::string name;
    std::string doc;
    lang::Span span;
    std::uint32_t opcode = 0;
    bool oneway = false;
    std::vector<Parameter> parameters;

    /// What travels in one direction, in order.
    std::vector<const Field*> inputs() const;
    std::vector<const Field*> outputs() const;
};

struct Interface {
    std::string name;
    std::string doc;
    lang::Span span;
    bool complete = false;  ///< more than declared ahead
    bool compound = false;
    std::vector<const Interface*> parts;
    /// The interfaces with operations that a compound consists of, each once, in order of first
    /// mention; of another, itself.
    std::vector<const Interface*> leaves;
    std::vector<Operation> operations;
};

/// An interface that is named before it is declared.
struct Ahead {
    const Interface* interface;
};

using Declaration =
    std::variant<const Constant*, const Enum*, const Struct*, const Interface*, Ahead>;

struct File {
    const lang::Source* source = nullptr;
    std::string stem;  ///< `types` for shared/types.idl: what its header is called
    std::string doc;
    std::vector<const File*> includes;
    /// In an order that C++ takes: each after those that it needs.
    std::vector<Declaration> declarations;

    /// In the order of the source, without those ahead.
    std::vector<Declaration> in_source_order() const;
};

/// One compilation. Not movable: everything points at everything.
struct Model {
    Model() = default;
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    std::deque<lang::Source> sources;
    std::deque<Constant> constants;
    std::deque<Enum> enums;
    std::deque<Struct> structs;
    std::deque<Interface> interfaces;
    std::deque<File> files;  ///< each after those that it includes; the compiled one is the last

    const File& main() const { return files.back(); }
};

/// `uint64`: the word of the language.
std::string_view word_of(Scalar scalar);
std::size_t bytes_of(Scalar scalar);
bool is_signed(Scalar scalar);
/// The largest magnitude that fits on the side of the sign.
std::uint64_t largest(Scalar scalar, bool negative);

/// A type as it is written: `list<string<name_limit>, 16>`.
std::string text_of(const Type& type);
std::string text_of(const Number& number);
std::string_view text_of(Direction direction);

/// The name of the struct for several results: `FileStatResult`.
std::string result_struct_name(const Interface& interface, const Operation& operation);

}  // namespace quire::idl
