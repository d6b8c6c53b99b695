// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "emit/carry.hpp"
#include "emit/dispatcher.hpp"
#include "emit/header.hpp"
#include "emit/proxy.hpp"

namespace quire::idl {

namespace {

class SourceEmitter {
public:
    SourceEmitter(const Model& model, const Cpp& cpp) : file_(model.main()), cpp_(cpp) {}

    std::string emit() {
        out_ = fmt::format(
            "// Made by quire-idl from {}.idl; changes belong there.\n\n"
            "#include \"{}\"\n\n#include <utility>\n\nnamespace {} {{\n",
            file_.stem, cpp_.header_of(file_), cpp_.name_space());
        for (const Declaration& declaration : file_.declarations) {
            if (const auto* made = std::get_if<const Enum*>(&declaration)) carry(**made);
            if (const auto* made = std::get_if<const Struct*>(&declaration)) carry(**made);
            if (const auto* made = std::get_if<const Interface*>(&declaration)) {
                out_ += emit_proxy_operations(cpp_, **made);
                out_ += emit_answers(cpp_, **made);
            }
        }
        out_ += fmt::format("\n}}  // namespace {}\n", cpp_.name_space());
        protocols();
        return std::move(out_);
    }

private:
    void protocols() {
        std::string text;
        for (const Declaration& declaration : file_.declarations) {
            const auto* made = std::get_if<const Interface*>(&declaration);
            if (made) text += emit_make_proxy(cpp_, **made) + emit_dispatch(cpp_, **made);
        }
        if (!text.empty())
            out_ +=
                fmt::format("\nnamespace quire::ipc {{\n{}\n}}  // namespace quire::ipc\n", text);
    }

    void carry(const Enum& made) {
        out_ += fmt::format("\nnamespace {{\n\nbool is_named({} value) {{\n    switch (value) {{\n",
                            made.name);
        for (const Enumerator& enumerator : made.enumerators)
            out_ += fmt::format("        case {}::{}:\n", made.name, enumerator.name);
        out_ += "            return true;\n    }\n    return false;\n}\n\n}  // namespace\n";
        out_ += fmt::format("\nvoid encode({}& out, {} value) {{\n    if (!is_named(value))",
                            cpp_.ipc("Encoder"), made.name);
        const std::string refusal =
            fmt::format("out.fail({}(std::errc::invalid_argument, \"no value of {}\"));\n",
                        cpp_.error(), made.name);
        const bool one_line =
            std::string_view("    if (!is_named(value)) ").size() + refusal.size() - 1 <=
            widest_line;
        out_ += (one_line ? " " : "\n        ") + refusal;
        out_ += fmt::format("    out.put(value);\n}}\n\nvoid decode({}& in, {}& value) {{\n",
                            cpp_.ipc("Decoder"), made.name);
        out_ += fmt::format(
            "    value = static_cast<{}>(in.get<{}>());\n"
            "    if (!is_named(value)) in.refuse();\n"
            "}}\n",
            made.name, Cpp::scalar(made.scalar));
    }

    void carry(const Struct& made) {
        const Operation nothing_around;
        const Carry carry(cpp_, nothing_around, "    ");
        out_ += fmt::format("\nvoid encode({}& out, const {}& value) {{\n", cpp_.ipc("Encoder"),
                            made.name);
        for (const Field& member : made.members)
            out_ += carry.put(member.type, "value." + member.name);
        out_ += fmt::format("}}\n\nvoid decode({}& in, {}& value) {{\n", cpp_.ipc("Decoder"),
                            made.name);
        for (const Field& member : made.members)
            out_ += carry.get(member.type, "value." + member.name);
        out_ += "}\n";
    }

    const File& file_;
    const Cpp& cpp_;
    std::string out_;
};

}  // namespace

std::string emit_source(const Model& model, const Cpp& cpp) {
    return SourceEmitter(model, cpp).emit();
}

}  // namespace quire::idl
