// SPDX-License-Identifier: MIT

#include "emit/reference.hpp"

#include <fmt/core.h>

#include "model/measure.hpp"

namespace quire::idl {

namespace {

// In a table a text is one line, and a bar would begin the next cell.
std::string cell(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '|') result += '\\';
        result += c == '\n' ? ' ' : c;
    }
    return result;
}

std::string size_text(const MessageSize& size) {
    std::string text = fmt::format("{}", size.least);
    if (size.most != size.least) text += fmt::format(" to {}", size.most);
    text += " bytes";
    if (size.descriptors == 1) text += ", at most 1 descriptor";
    if (size.descriptors > 1) text += fmt::format(", at most {} descriptors", size.descriptors);
    return text;
}

class ReferenceEmitter {
public:
    explicit ReferenceEmitter(const Model& model) : file_(model.main()) {}

    std::string emit() {
        line("# {}.idl", file_.stem);
        paragraph(file_.doc);
        if (!file_.includes.empty()) {
            std::string list;
            for (const File* file : file_.includes)
                list += fmt::format("{}[{}.idl]({}.md)", list.empty() ? "" : ", ", file->stem,
                                    file->stem);
            paragraph("Includes " + list + ".");
        }
        for (const Declaration& declaration : file_.in_source_order())
            std::visit([this](const auto& it) { declare(it); }, declaration);
        return std::move(out_);
    }

private:
    template <typename... Arguments>
    void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        out_ += fmt::format(format, std::forward<Arguments>(arguments)...);
        out_ += '\n';
    }

    void paragraph(std::string_view text) {
        if (!text.empty()) line("\n{}", text);
    }

    void declare(const Ahead&) {}

    void declare(const Constant* made) {
        line("\n## const {}", made->name);
        paragraph(made->doc);
        line("\n`{}`, {}", word_of(made->scalar), text_of(made->value));
    }

    void declare(const Enum* made) {
        line("\n## enum {}", made->name);
        paragraph(made->doc);
        line("\nTravels as `{}`.\n\n| name | value | |\n|---|---|---|", word_of(made->scalar));
        for (const Enumerator& enumerator : made->enumerators)
            line("| `{}` | {} | {} |", enumerator.name, enumerator.value, cell(enumerator.doc));
    }

    void declare(const Struct* made) {
        line("\n## struct {}", made->name);
        paragraph(made->doc);
        line("\n| member | type | |\n|---|---|---|");
        for (const Field& member : made->members)
            line("| `{}` | `{}` | {} |", member.name, text_of(member.type), cell(member.doc));
    }

    void declare(const Interface* made) {
        line("\n## interface {}", made->name);
        paragraph(made->doc);
        if (made->compound) {
            std::string list;
            for (const Interface* part : made->parts)
                list += fmt::format("{}`{}`", list.empty() ? "" : ", ", part->name);
            paragraph(fmt::format("Composed of {}.", list));
            line("\n| opcode | operation | of |\n|---|---|---|");
            for (const Interface* leaf : made->leaves)
                for (const Operation& operation : leaf->operations)
                    line("| {} | `{}` | `{}` |", operation.opcode, operation.name, leaf->name);
        }
        for (const Operation& operation : made->operations) describe(*made, operation);
    }

    void describe(const Interface& interface, const Operation& operation) {
        line("\n### {}.{}", interface.name, operation.name);
        paragraph(operation.doc);
        if (operation.oneway)
            line("\nOpcode {}, one-way: {}.", operation.opcode,
                 size_text(message_size(operation.inputs())));
        else
            line("\nOpcode {}. Request: {}. Reply: {}.", operation.opcode,
                 size_text(message_size(operation.inputs())),
                 size_text(message_size(operation.outputs())));
        if (operation.parameters.empty()) return;
        line("\n| | parameter | type | |\n|---|---|---|---|");
        for (const Parameter& parameter : operation.parameters)
            line("| {} | `{}` | `{}` | {} |", text_of(parameter.direction), parameter.field.name,
                 text_of(parameter.field.type), cell(parameter.field.doc));
    }

    const File& file_;
    std::string out_;
};

}  // namespace

std::string emit_reference(const Model& model) {
    return ReferenceEmitter(model).emit();
}

}  // namespace quire::idl
