// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <set>

#include "check/checker.hpp"

namespace quire::idl {

void Checker::compose(const ast::Interface& written, Interface& made) {
    bool all = true;
    std::set<const Interface*> parts;
    for (const ast::Name& name : written.parts) {
        const Entity* entity = look_up(name, "an interface");
        const Interface* part = entity ? entity->as<Interface>() : nullptr;
        all = all && part;
        if (entity && !part)
            wrong(Wrong::wrong_kind, name.span,
                  fmt::format("`{}` is {}; only interfaces can be composed", name.text(),
                              entity->kind()),
                  {}, {{entity->span, "it is declared here"}});
        if (!part) continue;
        if (part == &made || !part->complete) {
            wrong(Wrong::incomplete_part, name.span,
                  part == &made ? fmt::format("`{}` cannot be composed of itself", made.name)
                                : fmt::format("`{}` is only declared ahead so far", part->name));
            all = false;
            continue;
        }
        // C++ takes a base once; naming a part twice says nothing new.
        if (parts.insert(part).second) made.parts.push_back(part);
    }
    if (!all) return;
    std::set<const Interface*> leaves;
    for (const Interface* part : made.parts)
        for (const Interface* leaf : part->leaves)
            if (leaves.insert(leaf).second) made.leaves.push_back(leaf);
    // A chain of compounds has more operations than lines.
    for (const Interface* leaf : made.leaves) composed_ += 1 + leaf->operations.size();
    if (composed_ > limits_.declarations) {
        wrong(
            Wrong::too_many_declarations, made.span,
            fmt::format("the compounds so far have more than {} operations", limits_.declarations));
        made.leaves.clear();
        return;
    }
    check_compound(made);
}

void Checker::check_compound(const Interface& interface) {
    struct Owner {
        const Interface* interface;
        const Operation* operation;
    };
    std::map<std::uint32_t, Owner> opcodes;
    std::map<std::string_view, Owner> names;
    const auto notes = [](const Owner& first, const Operation& second) {
        return std::vector<lang::Note>{{first.operation->span, "one"}, {second.span, "the other"}};
    };
    for (const Interface* leaf : interface.leaves) {
        for (const Operation& operation : leaf->operations) {
            const Owner self{leaf, &operation};
            const auto [opcode, fresh_opcode] = opcodes.emplace(operation.opcode, self);
            if (!fresh_opcode)
                wrong(Wrong::opcode_clash, interface.span,
                      fmt::format("in `{}`, {}.{} and {}.{} have the opcode {}", interface.name,
                                  opcode->second.interface->name, opcode->second.operation->name,
                                  leaf->name, operation.name, operation.opcode),
                      {}, notes(opcode->second, operation));
            const auto [name, fresh_name] = names.emplace(operation.name, self);
            if (!fresh_name)
                wrong(Wrong::operation_clash, interface.span,
                      fmt::format("in `{}`, {} and {} have an operation `{}`", interface.name,
                                  name->second.interface->name, leaf->name, operation.name),
                      {}, notes(name->second, operation));
        }
    }
}

}  // namespace quire::idl
