// SPDX-License-Identifier: MIT

#pragma once

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "check/names.hpp"
#include "check/scope.hpp"
#include "limits.hpp"
#include "model/model.hpp"

namespace quire::idl {

/// Makes the model out of parsed files, and reports every rule that is broken. The model counts
/// only when nothing was reported.
class Checker {
public:
    Checker(Model& model, lang::Diagnostics& diagnostics, const Limits& limits)
        : model_(model), diagnostics_(diagnostics), limits_(limits), scope_(diagnostics) {}

    /// Needs: the files that it includes have been checked before.
    void check(const ast::File& parsed, File& file);

private:
    // names (lookup.cpp)
    const Entity* look_up(const ast::Name& name, std::string_view wanted);
    const Entity* look_up_interface(const ast::Name& name);
    bool declare_at(std::size_t place, const ast::Name& user);
    void check_no_constant(const ast::Name& name, std::string_view what);

    // values and types (types.cpp)
    std::optional<Number> number(const ast::Value& value, const Constant** from = nullptr);
    bool bound(const ast::Type& written, std::string_view form, Type& type);
    std::optional<Type> type(const ast::Type& written);
    std::optional<Type> named_type(const ast::Type& written);
    std::optional<Type> list_type(const ast::Type& written);
    std::optional<Type> capability_type(const ast::Type& written);

    // constants, enums and structs (declarations.cpp)
    void declare(const ast::Constant& written);
    void declare(const ast::Enum& written);
    void declare(const ast::Struct& written);
    void enumerators(const ast::Enum& written, Enum& made);
    void members(const ast::Struct& written, Struct& made);
    bool first_of_name(std::map<std::string_view, lang::Span>& seen, const ast::Name& name,
                       std::string_view what);

    // interfaces (interfaces.cpp, compounds.cpp)
    void declare(const ast::Interface& written);
    Interface* interface_to_complete(const ast::Interface& written);
    Interface* new_interface(const ast::Name& name);
    void announce(const Interface& interface);
    void operations(const ast::Interface& written, Interface& made);
    Operation operation(const ast::Operation& written, const Interface& interface);
    void attributes(const ast::Operation& written, Operation& made);
    void opcode(const ast::Attribute& attribute, Operation& made);
    void parameters(const ast::Operation& written, Operation& made);
    void check_messages(const Interface& interface, const Operation& operation);
    void compose(const ast::Interface& written, Interface& made);
    void check_compound(const Interface& interface);

    void wrong(Wrong number, const lang::Span& span, std::string message, std::string help = {},
               std::vector<lang::Note> notes = {}) {
        report(diagnostics_, number, span, std::move(message), std::move(help), std::move(notes));
    }

    Model& model_;
    lang::Diagnostics& diagnostics_;
    const Limits& limits_;
    Scope scope_;
    std::size_t composed_ = 0;  // operations of all compounds

    // The file that is being checked. Declarations may use later ones, which are then looked at
    // first: the file of the model has them in an order that C++ takes.
    enum class Progress : std::uint8_t { none, begun, done };
    const ast::File* parsed_ = nullptr;
    File* file_ = nullptr;
    std::vector<Progress> progress_;
    std::size_t depth_ = 0;
    std::set<const Interface*> announced_;
};

}  // namespace quire::idl
