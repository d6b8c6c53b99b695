// SPDX-License-Identifier: MIT

#include "syntax/errors.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace quire::idl {

namespace {

constexpr std::size_t most_listed = 5;

// The words of types are names too, where a type cannot stand.
bool begins_type(std::string_view token) {
    static constexpr std::string_view words[] = {"string", "bytes",    "list",
                                                 "cap",    "optional", "memory"};
    return std::find(std::begin(words), std::end(words), token) != std::end(words);
}

// A token of the grammar for a person: what is written as it stands is quoted.
std::string shown_token(std::string_view token) {
    const bool described =
        token.starts_with("a ") || token.starts_with("an ") || token.starts_with("the ");
    return described ? std::string(token) : fmt::format("`{}`", token);
}

// "a type, `;` or a name"; nothing when that would be a long list.
std::string list_of(std::span<const std::string_view> tokens) {
    std::vector<std::string_view> shown;
    bool type = false;
    for (const std::string_view token : tokens) {
        if (token == "an integer type")
            type = true;
        else if (!begins_type(token))
            shown.push_back(token);
    }
    if (type) {
        std::erase(shown, "a name");  // a name is a type there too
        shown.insert(shown.begin(), "a type");
    }
    if (shown.empty() || shown.size() > most_listed) return {};
    std::string text = shown_token(shown[0]);
    for (std::size_t i = 1; i < shown.size(); ++i)
        text += fmt::format("{}{}", i + 1 == shown.size() ? " or " : ", ", shown_token(shown[i]));
    return text;
}

bool is_word(std::string_view text) {
    return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

}  // namespace

void report_syntax_error(Context& context, std::span<const std::string_view> expected,
                         std::string_view found, const lang::Span& where, std::size_t end_before) {
    if (context.stopped) return;
    const auto takes = [&](std::string_view token) {
        return std::find(expected.begin(), expected.end(), token) != expected.end();
    };
    const bool other_line =
        context.source.position(end_before).line != context.source.position(where.begin).line;
    if (takes(";") && other_line && end_before > 0) {
        report(context.diagnostics, Wrong::syntax_error, context.span(end_before - 1, end_before),
               "`;` is missing after this");
        return;
    }
    const std::string_view text = where.text();
    const std::string shown = text.empty() || text.size() > context.limits.name_length
                                  ? shown_token(found)
                                  : fmt::format("`{}`", text);
    const std::string wanted = list_of(expected);
    const bool word = takes("a name") && found != "a name" && is_word(text);
    report(context.diagnostics, Wrong::syntax_error, where,
           wanted.empty() ? fmt::format("{} does not belong here", shown)
                          : fmt::format("{} where {} is expected", shown, wanted),
           word ? fmt::format("`{}` is a word of the language and can be no name", text) : "");
}

ast::Number negated(ast::Number number, const lang::Span& where, Context& context) {
    constexpr std::uint64_t largest = std::uint64_t{1} << 63;
    if (number.magnitude > largest)
        report(context.diagnostics, Wrong::number_too_large, where,
               "this number has more than 64 bits");
    number.negative = number.magnitude != 0;
    return number;
}

}  // namespace quire::idl
