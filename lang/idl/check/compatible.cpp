// SPDX-License-Identifier: MIT

#include "check/compatible.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

namespace quire::idl {

namespace {

template <typename T>
std::map<std::string_view, const T*> by_name(const std::deque<T>& list) {
    std::map<std::string_view, const T*> names;
    for (const T& one : list) names.emplace(one.name, &one);
    return names;
}

// Structs and enums by name: whether they are the same inside is said where they are declared.
bool same_type(const Type& a, const Type& b) {
    if (a.kind != b.kind || a.bound != b.bound || a.optional != b.optional) return false;
    switch (a.kind) {
        case Type::Kind::scalar:
            return a.scalar == b.scalar;
        case Type::Kind::enumeration:
            return a.enumeration->name == b.enumeration->name;
        case Type::Kind::structure:
            return a.structure->name == b.structure->name;
        case Type::Kind::capability:
            return a.interface->name == b.interface->name;
        case Type::Kind::list:
            return same_type(a.element.front(), b.element.front());
        case Type::Kind::string:
        case Type::Kind::bytes:
        case Type::Kind::memory:
            break;
    }
    return true;
}

bool same_field(const Field& a, const Field& b) {
    return a.name == b.name && same_type(a.type, b.type);
}

bool same_operation(const Operation& a, const Operation& b) {
    return a.oneway == b.oneway &&
           std::equal(a.parameters.begin(), a.parameters.end(), b.parameters.begin(),
                      b.parameters.end(), [](const Parameter& x, const Parameter& y) {
                          return x.direction == y.direction && same_field(x.field, y.field);
                      });
}

bool same_values(const Enum& a, const Enum& b) {
    const auto values = [](const Enum& made) {
        std::map<std::string_view, std::uint64_t> map;
        for (const Enumerator& one : made.enumerators) map.emplace(one.name, one.value);
        return map;
    };
    return a.scalar == b.scalar && values(a) == values(b);
}

class Comparison {
public:
    Comparison(const Model& released, const Model& changed, lang::Diagnostics& diagnostics)
        : released_(released),
          diagnostics_(diagnostics),
          constants_(by_name(changed.constants)),
          enums_(by_name(changed.enums)),
          structs_(by_name(changed.structs)),
          interfaces_(by_name(changed.interfaces)) {}

    void compare() {
        for (const Declaration& declaration : released_.main().declarations)
            std::visit([this](const auto& it) { compare(it); }, declaration);
    }

private:
    // What has the name now; reports that nothing has.
    template <typename T>
    const T* successor(const std::map<std::string_view, const T*>& names, const T& released,
                       std::string_view kind) {
        const auto at = names.find(released.name);
        if (at != names.end()) return at->second;
        report(diagnostics_, Wrong::declaration_removed, released.span,
               fmt::format("{} `{}` was released and is gone", kind, released.name));
        return nullptr;
    }

    void type_changed(const lang::Span& now, const lang::Span& then, std::string_view name) {
        report(diagnostics_, Wrong::type_changed, now,
               fmt::format("`{}` is not what was released", name),
               "declare another of a new name, and use it in new operations",
               {{then, "this was released"}});
    }

    void compare(const Ahead&) {}

    void compare(const Constant* then) {
        const Constant* now = successor(constants_, *then, "the constant");
        if (now && (now->scalar != then->scalar || text_of(now->value) != text_of(then->value)))
            type_changed(now->span, then->span, then->name);
    }

    void compare(const Enum* then) {
        if (!seen_.insert(then).second) return;
        const Enum* now = successor(enums_, *then, "the enum");
        if (now && !same_values(*now, *then)) type_changed(now->span, then->span, then->name);
    }

    void compare(const Struct* then) {
        if (!seen_.insert(then).second) return;
        const Struct* now = successor(structs_, *then, "the struct");
        if (now && !std::equal(now->members.begin(), now->members.end(), then->members.begin(),
                               then->members.end(), same_field))
            type_changed(now->span, then->span, then->name);
        for (const Field& member : then->members) reach(member.type);
    }

    // What an operation of the file uses counts, wherever it is declared.
    void reach(const Type& type) {
        if (type.enumeration) compare(type.enumeration);
        if (type.structure) compare(type.structure);
        if (type.kind == Type::Kind::list) reach(type.element.front());
    }

    void compare(const Interface* then) {
        const Interface* now = successor(interfaces_, *then, "the interface");
        if (!now) return;
        std::map<std::uint32_t, const Operation*> operations;
        std::set<std::string_view> parts;
        for (const Interface* leaf : now->leaves) {
            parts.insert(leaf->name);
            for (const Operation& operation : leaf->operations)
                operations.emplace(operation.opcode, &operation);
        }
        if (then->compound) {
            for (const Interface* leaf : then->leaves)
                if (!parts.contains(leaf->name))
                    report(
                        diagnostics_, Wrong::part_removed, now->span,
                        fmt::format("`{}` was released with the part `{}`", now->name, leaf->name),
                        "parts may be added, but none goes", {{then->span, "released here"}});
            return;
        }
        for (const Operation& operation : then->operations) {
            const auto at = operations.find(operation.opcode);
            compare(*then, operation, at == operations.end() ? nullptr : at->second);
        }
    }

    void compare(const Interface& interface, const Operation& then, const Operation* now) {
        for (const Parameter& parameter : then.parameters) reach(parameter.field.type);
        const std::string name = fmt::format("{}.{}", interface.name, then.name);
        if (!now)
            report(diagnostics_, Wrong::operation_removed, then.span,
                   fmt::format("{} was released with the opcode {} and is gone", name, then.opcode),
                   "keep it; it may answer an error");
        else if (now->name != then.name)
            report(diagnostics_, Wrong::opcode_reused, now->span,
                   fmt::format("the opcode {} was released as {}", now->opcode, name),
                   "take an opcode that was never used", {{then.span, "released here"}});
        else if (!same_operation(*now, then))
            report(diagnostics_, Wrong::operation_changed, now->span,
                   fmt::format("{} is not what was released", name),
                   "leave it as it was, and add another with an opcode of its own",
                   {{then.span, "this was released"}});
    }

    const Model& released_;
    lang::Diagnostics& diagnostics_;
    const std::map<std::string_view, const Constant*> constants_;
    const std::map<std::string_view, const Enum*> enums_;
    const std::map<std::string_view, const Struct*> structs_;
    const std::map<std::string_view, const Interface*> interfaces_;
    std::set<const void*> seen_;
};

}  // namespace

void check_compatible(const Model& released, const Model& changed, lang::Diagnostics& diagnostics) {
    Comparison(released, changed, diagnostics).compare();
}

}  // namespace quire::idl
