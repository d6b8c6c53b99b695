// SPDX-License-Identifier: MIT

#include "emit/dispatcher.hpp"

#include <fmt/core.h>

#include "emit/carry.hpp"

namespace quire::idl {

namespace {

class AnswerEmitter {
public:
    AnswerEmitter(const Cpp& cpp, const Interface& interface, const Operation& operation)
        : cpp_(cpp),
          interface_(interface),
          operation_(operation),
          invocation_(fresh("invocation", operation)),
          result_(fresh("result", operation)) {}

    std::string emit() const {
        const std::string object = fresh("object", operation_);
        std::string text = wrapped(
            fmt::format("\nvoid answer_{}", operation_.name),
            std::vector<std::string>{fmt::format("{}& {}", interface_.name, object),
                                     fmt::format("{}& {}", cpp_.ipc("Invocation"), invocation_)},
            " {\n");
        text += fmt::format("    if ({}{}.one_way()) return {}.malformed();\n",
                            operation_.oneway ? "!" : "", invocation_, invocation_);
        text += fmt::format("    {}& in = {}.in();\n", cpp_.ipc("Decoder"), invocation_);
        const Carry carry(cpp_, operation_, "    ");
        for (const Field* field : operation_.inputs())
            text += carry.get_argument(field->type, field->name);
        text += fmt::format("    if (!in.end()) return {}.malformed();\n", invocation_);
        text += wrapped_call(operation_.oneway ? "    " : fmt::format("    auto {} = ", result_),
                             fmt::format("{}.{}", object, operation_.name), arguments());
        if (!operation_.oneway) text += answer();
        return text + "}\n";
    }

private:
    std::vector<std::string> arguments() const {
        std::vector<std::string> list{fmt::format("{}.call()", invocation_)};
        for (const Field* field : operation_.inputs()) {
            const bool moved = field->type.kind == Type::Kind::capability ||
                               field->type.kind == Type::Kind::memory;
            list.push_back(moved ? fmt::format("std::move({})", field->name) : field->name);
        }
        return list;
    }

    std::string answer() const {
        const auto outputs = operation_.outputs();
        std::string text = fmt::format("    if (!{0}) return {1}.fail(std::move({0}).error());\n",
                                       result_, invocation_);
        if (!outputs.empty())
            text += fmt::format("    {}& out = {}.out();\n", cpp_.ipc("Encoder"), invocation_);
        const Carry carry(cpp_, operation_, "    ");
        if (outputs.size() == 1) text += carry.put(outputs.front()->type, "*" + result_);
        if (outputs.size() > 1)
            for (const Field* field : outputs)
                text += carry.put(field->type, fmt::format("{}->{}", result_, field->name));
        return text + fmt::format("    {}.reply();\n", invocation_);
    }

    const Cpp& cpp_;
    const Interface& interface_;
    const Operation& operation_;
    const std::string invocation_;
    const std::string result_;
};

std::string cases_of(const Cpp& cpp, const Interface& leaf) {
    std::string text;
    for (const Operation& operation : leaf.operations)
        text += fmt::format("        case {}:\n", operation.opcode) +
                wrapped_call("            return ", cpp.from_ipc("answer_" + operation.name),
                             std::vector<std::string>{"object", "invocation"});
    return text;
}

std::string cases_of_part(const Cpp& cpp, const Interface& leaf) {
    if (leaf.operations.empty()) return {};
    std::string text;
    for (const Operation& operation : leaf.operations)
        text += fmt::format("        case {}:\n", operation.opcode);
    return text + fmt::format("            return Protocol<{}>::dispatch(object, invocation);\n",
                              cpp.from_ipc(leaf.name));
}

}  // namespace

std::string emit_answers(const Cpp& cpp, const Interface& interface) {
    if (interface.operations.empty()) return {};
    std::string text = "\nnamespace {\n";
    for (const Operation& operation : interface.operations)
        text += AnswerEmitter(cpp, interface, operation).emit();
    return text + "\n}  // namespace\n";
}

std::string emit_dispatch(const Cpp& cpp, const Interface& interface) {
    std::string cases;
    if (interface.compound)
        for (const Interface* leaf : interface.leaves) cases += cases_of_part(cpp, *leaf);
    else
        cases = cases_of(cpp, interface);
    const std::string name = cpp.from_ipc(interface.name);
    std::string text =
        wrapped(fmt::format("\nvoid Protocol<{}>::dispatch", name),
                std::vector<std::string>{fmt::format("{}&{}", name, cases.empty() ? "" : " object"),
                                         "Invocation& invocation"},
                " {\n");
    if (cases.empty()) return text + "    invocation.unknown();\n}\n";
    return text + fmt::format(
                      "    switch (invocation.opcode()) {{\n{}        default:\n"
                      "            return invocation.unknown();\n    }}\n}}\n",
                      cases);
}

}  // namespace quire::idl
