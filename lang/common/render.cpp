// SPDX-License-Identifier: MIT

#include "quire/lang/common/render.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

#include "quire/base/name.hpp"
#include "quire/lang/common/text.hpp"

namespace quire::lang {

namespace {

constexpr std::size_t shown_before = 60;
constexpr std::size_t shown_width = 100;

// As many columns as characters, so that the underline fits: what is not printable becomes `?`.
std::string column_text(std::string_view bytes) {
    std::string text;
    while (!bytes.empty()) {
        std::size_t length = 1;
        while (length < bytes.size() && (static_cast<std::uint8_t>(bytes[length]) & 0xC0) == 0x80)
            ++length;
        const std::string_view character = bytes.substr(0, length);
        if (character == "\t")
            text += ' ';
        else
            text += find_flaw(character) ? "?" : character;
        bytes.remove_prefix(length);
    }
    return text;
}

// The bytes of `line` that hold its characters [first, first + count).
std::string_view characters_of(std::string_view line, std::size_t first, std::size_t count) {
    const auto offset_of = [line](std::size_t character) {
        std::size_t seen = 0;
        for (std::size_t i = 0; i < line.size(); ++i)
            if ((static_cast<std::uint8_t>(line[i]) & 0xC0) != 0x80 && seen++ == character)
                return i;
        return line.size();
    };
    const std::size_t begin = offset_of(first);
    return line.substr(begin, offset_of(first + count) - begin);
}

std::string excerpt(const Span& span) {
    const Source& source = *span.source;
    const Position from = source.position(span.begin);
    const Position to = source.position(std::max(span.begin, span.end));
    const std::string_view line = source.line(from.line);
    const std::size_t length = characters(line);
    const std::size_t column = std::min(from.column - 1, length);
    const std::size_t end = to.line == from.line ? std::min(to.column - 1, length) : length;

    const std::size_t first =
        length > shown_width && column > shown_before ? column - shown_before : 0;
    const std::size_t marked = std::max<std::size_t>(end, column + 1) - column;
    const std::size_t room = first + shown_width - column;
    return fmt::format("{:>5} | {}\n      | {}^{}\n", from.line,
                       column_text(characters_of(line, first, shown_width)),
                       std::string(column - first, ' '),
                       std::string(std::min(marked, room) - 1, '~'));
}

std::string place(const Span& span) {
    const Position at = span.source->position(span.begin);
    return fmt::format("{}:{}:{}", printable(span.source->name()), at.line, at.column);
}

}  // namespace

std::string render(const Diagnostic& diagnostic) {
    std::string text = fmt::format("{}: error {}: {}\n", place(diagnostic.span),
                                   diagnostic.code.text(), diagnostic.message);
    text += excerpt(diagnostic.span);
    if (!diagnostic.help.empty()) text += fmt::format("help: {}\n", diagnostic.help);
    for (const Note& note : diagnostic.notes) {
        text += fmt::format("{}: note: {}\n", place(note.span), note.text);
        text += excerpt(note.span);
    }
    return text;
}

std::string render(const Diagnostics& diagnostics) {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics.list()) text += render(diagnostic);
    if (diagnostics.dropped() > 0)
        text += fmt::format("and {} more; the first ones count most\n", diagnostics.dropped());
    return text;
}

}  // namespace quire::lang
