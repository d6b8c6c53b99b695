// SPDX-License-Identifier: MIT

#include "emit/header.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace quire::idl {

namespace {

class HeaderEmitter {
public:
    HeaderEmitter(const Model& model, const Cpp& cpp) : file_(model.main()), cpp_(cpp) {}

    std::string emit() {
        head();
        line("namespace {} {{", cpp_.name_space());
        for (const Declaration& declaration : file_.declarations) {
            out_ += '\n';
            std::visit([this](const auto& it) { declare(it); }, declaration);
        }
        line("\n}}  // namespace {}", cpp_.name_space());
        protocols();
        return std::move(out_);
    }

private:
    template <typename... Arguments>
    void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        out_ += fmt::format(format, std::forward<Arguments>(arguments)...);
        out_ += '\n';
    }

    void head() {
        line("// Made by quire-idl from {}.idl; changes belong there.\n\n#pragma once\n",
             file_.stem);
        for (const char* standard :
             {"cstddef", "cstdint", "limits", "memory", "span", "string", "string_view", "vector"})
            line("#include <{}>", standard);
        out_ += '\n';
        std::vector<std::string> headers{"quire/base/result.hpp", "quire/ipc/generated.hpp"};
        for (const File* file : file_.includes) headers.push_back(cpp_.header_of(*file));
        std::sort(headers.begin(), headers.end());
        for (const std::string& header : headers) line("#include \"{}\"", header);
        out_ += '\n';
        if (!file_.doc.empty()) out_ += doc_lines(file_.doc, "");
    }

    // How a type is read and written, declared.
    void carried(std::string_view value, std::string_view name) {
        line("void encode({}& out, {} value);", cpp_.ipc("Encoder"), value);
        line("void decode({}& in, {}& value);", cpp_.ipc("Decoder"), name);
    }

    void declare(const Constant* constant) {
        out_ += doc_lines(constant->doc, "");
        line("inline constexpr {} {} = {};", Cpp::scalar(constant->scalar), constant->name,
             Cpp::literal(constant->value, constant->scalar));
    }

    void declare(const Enum* made) {
        out_ += doc_lines(made->doc, "");
        line("enum class {} : {} {{", made->name, Cpp::scalar(made->scalar));
        for (const Enumerator& enumerator : made->enumerators) {
            out_ += doc_lines(enumerator.doc, "    ");
            line("    {} = {},", enumerator.name,
                 Cpp::literal({enumerator.value, false}, made->scalar));
        }
        line("}};\n");
        carried(made->name, made->name);
    }

    void fields(const std::vector<const Field*>& list) {
        for (const Field* field : list) {
            out_ += doc_lines(field->doc, "    ");
            line("    {} {}{};", cpp_.value_type(field->type), field->name,
                 Cpp::initializer(field->type));
        }
    }

    void declare(const Struct* made) {
        out_ += doc_lines(made->doc, "");
        line("struct {} {{", made->name);
        std::vector<const Field*> list;
        for (const Field& member : made->members) list.push_back(&member);
        fields(list);
        // Capabilities cannot be compared.
        if (made->only_data)
            line("\n    friend bool operator==(const {0}&, const {0}&) = default;", made->name);
        line("}};\n");
        carried(fmt::format("const {}&", made->name), made->name);
    }

    void declare(const Ahead& ahead) { line("class {};", ahead.interface->name); }

    void results(const Interface& interface) {
        for (const Operation& operation : interface.operations) {
            if (operation.outputs().size() < 2) continue;
            line("/// What {}::{} returns.", interface.name, operation.name);
            line("struct {} {{", result_struct_name(interface, operation));
            fields(operation.outputs());
            line("}};\n");
        }
    }

    void declare(const Interface* interface) {
        results(*interface);
        out_ += doc_lines(interface->doc, "");
        line("{} {{\npublic:", class_head(interface->name, interface->parts, ""));
        line("    static constexpr std::string_view interface_name = \"{}\";", interface->name);
        for (const Operation& operation : interface->operations) {
            out_ += '\n';
            out_ += doc_lines(operation_doc(operation), "    ");
            const std::string head = fmt::format(
                "    virtual {} {}", cpp_.result_type(*interface, operation), operation.name);
            line("{}", wrapped(head, cpp_.arguments(operation), " = 0;"));
        }
        line("}};\n");
        proxy(*interface);
    }

    // `class X : public virtual A, public virtual B`
    std::string class_head(std::string_view name, const std::vector<const Interface*>& parts,
                           std::string_view suffix) const {
        std::vector<std::string> bases;
        for (const Interface* part : parts)
            bases.push_back(fmt::format("public virtual {}{}", part->name, suffix));
        if (bases.empty()) bases.push_back("public virtual " + cpp_.ipc("Interface"));
        return with_bases(fmt::format("class {} :", name), bases);
    }

    static std::string with_bases(std::string text, const std::vector<std::string>& bases) {
        constexpr std::size_t widest = 100;
        std::size_t length = text.size() + 2;
        for (const std::string& base : bases) length += base.size() + 2;
        const std::size_t column = text.size() + 1;
        for (std::size_t i = 0; i < bases.size(); ++i) {
            if (i > 0) text += ',';
            // All in one line, or each in one of its own.
            text += i > 0 && length > widest ? '\n' + std::string(column, ' ') : " ";
            text += bases[i];
        }
        return text;
    }

    void proxy(const Interface& interface) {
        line("/// {} as messages to an object of another process.", interface.name);
        std::vector<std::string> bases{"public virtual " + interface.name};
        if (interface.compound)
            for (const Interface* leaf : interface.leaves)
                bases.push_back(fmt::format("public virtual {}Proxy", leaf->name));
        const std::string head = with_bases(fmt::format("class {}Proxy :", interface.name), bases);
        if (interface.operations.empty()) {
            line("{} {{}};", head);
            return;
        }
        line("{} {{\npublic:", head);
        for (const Operation& operation : interface.operations) {
            const std::string start =
                fmt::format("    {} {}", cpp_.result_type(interface, operation), operation.name);
            line("{}", wrapped(start, cpp_.arguments(operation), " override;"));
        }
        line("}};");
    }

    void protocols() {
        std::string text;
        for (const Declaration& declaration : file_.declarations)
            if (const auto* interface = std::get_if<const Interface*>(&declaration))
                text += protocol(cpp_.from_ipc((*interface)->name));
        if (text.empty()) return;
        line("\nnamespace quire::ipc {{\n{}\n}}  // namespace quire::ipc", text);
    }

    static std::string protocol(const std::string& name) {
        const std::vector<std::string> remote{"RemoteObject remote"};
        const std::vector<std::string> both{name + "& object", "Invocation& invocation"};
        return fmt::format("\ntemplate <>\nstruct Protocol<{}> {{\n", name) +
               wrapped(fmt::format("    static std::shared_ptr<{}> proxy", name), remote, ";\n") +
               wrapped("    static void dispatch", both, ";\n") + "};\n";
    }

    const File& file_;
    const Cpp& cpp_;
    std::string out_;
};

}  // namespace

std::string emit_header(const Model& model, const Cpp& cpp) {
    return HeaderEmitter(model, cpp).emit();
}

}  // namespace quire::idl
