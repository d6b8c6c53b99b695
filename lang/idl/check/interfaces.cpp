// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <algorithm>

#include "check/checker.hpp"
#include "model/measure.hpp"
#include "quire/lang/common/text.hpp"

namespace quire::idl {

namespace {

constexpr std::uint64_t largest_opcode = 65535;

}  // namespace

void Checker::declare(const ast::Interface& written) {
    Interface* made = interface_to_complete(written);
    if (!made || written.ahead) return;
    made->span = written.name.span;
    made->doc = written.doc;
    made->compound = written.compound;
    if (written.compound && written.has_body)
        wrong(Wrong::compound_body, written.name.span,
              fmt::format("`{}` is composed of others and adds nothing", made->name));
    else if (written.compound)
        compose(written, *made);
    else
        operations(written, *made);
    if (!written.compound) made->leaves.push_back(made);
    made->complete = true;
    scope_.claim(made->name + "Proxy", made->span);
    file_->declarations.emplace_back(made);
}

// The interface that this declares, or declares ahead; nullptr when the name is not free for it.
Interface* Checker::interface_to_complete(const ast::Interface& written) {
    const Entity* known = scope_.find(written.name.text());
    Interface* interface = known ? known->as<Interface>() : nullptr;
    if (!interface || (interface->complete && !written.ahead))
        interface = new_interface(written.name);
    if (interface && written.ahead && !interface->complete) announce(*interface);
    return interface;
}

Interface* Checker::new_interface(const ast::Name& name) {
    check_name(diagnostics_, name, NameOf::type);
    Interface& made = model_.interfaces.emplace_back();
    made.name = name.text();
    made.span = name.span;
    return scope_.declare(name, {&made, name.span}) ? &made : nullptr;
}

// Its class is declared before what is being looked at now.
void Checker::announce(const Interface& interface) {
    if (announced_.insert(&interface).second) file_->declarations.emplace_back(Ahead{&interface});
}

void Checker::operations(const ast::Interface& written, Interface& made) {
    std::map<std::string_view, lang::Span> names;
    std::map<std::uint32_t, lang::Span> opcodes;
    for (const ast::Operation& one : written.operations) {
        if (diagnostics_.full()) return;
        check_name(diagnostics_, one.name, NameOf::operation);
        check_no_constant(one.name, "operation");
        first_of_name(names, one.name, "operations named");
        Operation checked = operation(one, made);
        if (checked.opcode != 0) {
            const auto [at, fresh] = opcodes.emplace(checked.opcode, checked.span);
            if (!fresh)
                wrong(Wrong::opcode_twice, checked.span,
                      fmt::format("`{}` has the opcode {}, which is taken", checked.name,
                                  checked.opcode),
                      {}, {{at->second, "this operation has it"}});
        }
        made.operations.push_back(std::move(checked));
    }
}

Operation Checker::operation(const ast::Operation& written, const Interface& interface) {
    Operation made;
    made.name = written.name.text();
    made.doc = written.doc;
    made.span = written.name.span;
    attributes(written, made);
    if (written.result)
        wrong(Wrong::result_type, written.result->span,
              fmt::format("the result type of `{}` must be void", made.name),
              fmt::format("write void, and `out {}` with a name among the parameters",
                          written.result->span.text()));
    const std::size_t before = diagnostics_.list().size();
    parameters(written, made);
    if (diagnostics_.list().size() != before) return made;
    check_messages(interface, made);
    if (made.outputs().size() > 1) scope_.claim(result_struct_name(interface, made), made.span);
    return made;
}

void Checker::attributes(const ast::Operation& written, Operation& made) {
    std::map<std::string_view, lang::Span> seen;
    for (const ast::Attribute& attribute : written.attributes) {
        const std::string_view name = attribute.name.text();
        if (name != "opcode" && name != "oneway") {
            static constexpr std::string_view known[] = {"opcode", "oneway"};
            const std::string_view near = lang::nearest(name, known);
            wrong(Wrong::unknown_attribute, attribute.name.span,
                  fmt::format("there is no attribute `{}`", name),
                  near.empty() ? "" : fmt::format("did you mean `{}`?", near));
            continue;
        }
        if (!seen.emplace(name, attribute.name.span).second)
            wrong(Wrong::attribute_form, attribute.name.span,
                  fmt::format("`{}` is given twice", name));
        else if (name == "opcode")
            opcode(attribute, made);
        else if (attribute.value)
            wrong(Wrong::attribute_form, attribute.name.span, "`oneway` takes no value");
        else
            made.oneway = true;
    }
    if (!seen.contains("opcode"))
        wrong(Wrong::opcode_missing, written.name.span,
              fmt::format("`{}` has no opcode", written.name.text()),
              "write [opcode(N)] before it, with a number that the interface does not use yet");
}

void Checker::opcode(const ast::Attribute& attribute, Operation& made) {
    if (!attribute.value) {
        wrong(Wrong::attribute_form, attribute.name.span, "`opcode` needs a value", "opcode(N)");
        return;
    }
    const auto value = number(*attribute.value);
    if (!value) return;
    if (value->negative || value->magnitude == 0 || value->magnitude > largest_opcode)
        wrong(Wrong::opcode_out_of_range, attribute.value->span,
              fmt::format("an opcode of {} is not from 1 to {}", text_of(*value), largest_opcode));
    else
        made.opcode = static_cast<std::uint32_t>(value->magnitude);
}

void Checker::parameters(const ast::Operation& written, Operation& made) {
    std::map<std::string_view, lang::Span> names;
    for (const ast::Parameter& parameter : written.parameters) {
        check_name(diagnostics_, parameter.name, NameOf::value);
        first_of_name(names, parameter.name, "parameters named");
        check_no_constant(parameter.name, "parameter");
        auto resolved = type(parameter.type);
        if (!parameter.direction) {
            wrong(Wrong::direction_missing, parameter.type.span,
                  fmt::format("the parameter `{}` has no direction", parameter.name.text()),
                  "write in, out or inout before its type");
            continue;
        }
        if (made.oneway && *parameter.direction != Direction::in)
            wrong(Wrong::oneway_result, parameter.name.span,
                  fmt::format("nothing answers a one-way operation, so `{}` cannot be {}",
                              parameter.name.text(), text_of(*parameter.direction)));
        if (!resolved) continue;
        made.parameters.push_back(
            {{std::string(parameter.name.text()), parameter.doc, std::move(*resolved)},
             *parameter.direction});
    }
}

void Checker::check_messages(const Interface& interface, const Operation& operation) {
    for (const bool request : {true, false}) {
        const MessageSize size = message_size(request ? operation.inputs() : operation.outputs());
        const std::string message = fmt::format("the {} of {}.{}", request ? "request" : "reply",
                                                interface.name, operation.name);
        if (size.most > largest_message)
            wrong(Wrong::message_too_large, operation.span,
                  size.most >= Steps::endless
                      ? fmt::format("{} may be larger than anything", message)
                      : fmt::format("{} may have {} bytes; {} are the most", message, size.most,
                                    largest_message),
                  "lower the bounds, or move the data in several calls or by memory");
        if (size.descriptors > most_descriptors)
            wrong(Wrong::too_many_descriptors, operation.span,
                  fmt::format("{} may carry {} descriptors; {} are the most", message,
                              size.descriptors, most_descriptors),
                  "each cap and each memory counts one, and in a list as often as its bound says");
    }
}

}  // namespace quire::idl
