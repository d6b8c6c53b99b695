// SPDX-License-Identifier: MIT

#include "emit/layout.hpp"

#include <fmt/core.h>

#include <optional>

#include "model/measure.hpp"

namespace quire::idl {

namespace {

// A few lines can describe a message of very many. Beyond this, structs are named and not opened.
constexpr std::size_t most_lines = 100000;

class LayoutEmitter {
public:
    explicit LayoutEmitter(const Model& model) : model_(model) {}

    std::string emit() {
        for (const Declaration& declaration : model_.main().in_source_order()) {
            if (const auto* made = std::get_if<const Interface*>(&declaration)) interface(**made);
            if (const auto* made = std::get_if<const Enum*>(&declaration)) enumeration(**made);
            if (const auto* made = std::get_if<const Constant*>(&declaration))
                line(0, fmt::format("const {} {} = {}", word_of((*made)->scalar), (*made)->name,
                                    text_of((*made)->value)));
        }
        return std::move(out_);
    }

private:
    void line(std::size_t indent, std::string_view text) {
        out_ += std::string(indent, ' ');
        out_ += text;
        out_ += '\n';
        ++lines_;
    }

    void enumeration(const Enum& made) {
        line(0, fmt::format("enum {} : {}", made.name, word_of(made.scalar)));
        for (const Enumerator& enumerator : made.enumerators)
            line(2, fmt::format("{} = {}", enumerator.name, enumerator.value));
    }

    void interface(const Interface& made) {
        std::string head = "interface " + made.name;
        for (std::size_t i = 0; i < made.parts.size(); ++i)
            head += (i == 0 ? " composes " : ", ") + made.parts[i]->name;
        line(0, head);
        for (const Operation& operation : made.operations) {
            line(2, fmt::format("operation {} {}{}", operation.opcode, operation.name,
                                operation.oneway ? ", one-way" : ""));
            message("request", operation.inputs());
            if (!operation.oneway) message("reply", operation.outputs());
        }
    }

    void message(std::string_view kind, const std::vector<const Field*>& body) {
        const MessageSize size = message_size(body);
        const std::string most = size.most == size.least ? "" : fmt::format(" to {}", size.most);
        line(4, fmt::format("{} {}{} bytes, {} descriptors", kind, size.least, most,
                            size.descriptors));
        offset_ = 0;
        for (const Field* field : body) value(field->type, field->name);
    }

    // One line, for something that is aligned to `alignment` and has `size` bytes; a size of
    // nothing varies.
    void part(std::size_t alignment, std::optional<std::uint64_t> size, std::string_view type,
              std::string_view path) {
        std::string at = fmt::format("+{}", alignment);
        if (offset_) {
            *offset_ = (*offset_ + alignment - 1) / alignment * alignment;
            at = fmt::format("{}", *offset_);
        }
        line(6, fmt::format("{:<7} {:<24} {}", at, type, path));
        if (offset_ && size)
            *offset_ += *size;
        else
            offset_.reset();
    }

    void scalar(Scalar scalar, std::string_view type, std::string_view path) {
        part(bytes_of(scalar), bytes_of(scalar), type, path);
    }

    void value(const Type& type, const std::string& path) {
        switch (type.kind) {
            case Type::Kind::scalar:
                return scalar(type.scalar, word_of(type.scalar), path);
            case Type::Kind::enumeration:
                return scalar(type.enumeration->scalar,
                              fmt::format("{} as {}", word_of(type.enumeration->scalar),
                                          type.enumeration->name),
                              path);
            case Type::Kind::string:
            case Type::Kind::bytes:
                part(4, 4, "uint32 length", path);
                return part(1, std::nullopt, fmt::format("at most {} bytes", type.bound), path);
            case Type::Kind::list:
                part(4, 4, "uint32 count", path);
                offset_.reset();
                line(6, fmt::format("at most {} of", type.bound));
                return value(type.element.front(), path + "[]");
            case Type::Kind::structure:
                return structure(*type.structure, path);
            case Type::Kind::capability:
                part(4, 4, type.optional ? "uint32 kind or null" : "uint32 kind",
                     fmt::format("{} of {}", path, type.interface->name));
                return part(4, 4, "uint32 value", path);
            case Type::Kind::memory:
                part(4, 4, "uint32 descriptor", path);
                part(4, 4, "uint32 rights", path);
                return part(8, 8, "uint64 size", path);
        }
    }

    void structure(const Struct& made, const std::string& path) {
        if (lines_ >= most_lines) {
            part(1, std::nullopt, "struct " + made.name, path);
            return;
        }
        for (const Field& member : made.members) value(member.type, path + '.' + member.name);
    }

    const Model& model_;
    std::string out_;
    std::size_t lines_ = 0;
    std::optional<std::uint64_t> offset_ = 0;
};

}  // namespace

std::string emit_layout(const Model& model) {
    return LayoutEmitter(model).emit();
}

}  // namespace quire::idl
