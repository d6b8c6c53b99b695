// SPDX-License-Identifier: MIT
//
// What the rules of lexer.re do.

#include "syntax/lexer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "quire/base/name.hpp"

namespace quire::idl {

namespace {

std::string_view trimmed(std::string_view line) {
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r'))
        line.remove_suffix(1);
    return line;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
        lines.push_back(text.substr(0, end));
    lines.push_back(text);
    return lines;
}

std::size_t indentation(std::string_view line) {
    return std::min(line.find_first_not_of(" \t"), line.size());
}

// Takes away a column of stars on the left, or what all lines but the first are indented by.
void outdent(std::vector<std::string_view>& lines) {
    std::size_t common = std::string_view::npos;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const std::string_view content = trimmed(lines[i]);
        if (content.starts_with('*')) {
            lines[i] = content.substr(1);
            if (lines[i].starts_with(' ')) lines[i].remove_prefix(1);
            common = 0;
        } else if (!content.empty()) {
            common = std::min(common, indentation(lines[i]));
        }
    }
    for (std::size_t i = 1; i < lines.size(); ++i)
        lines[i].remove_prefix(std::min(common, indentation(lines[i])));
}

// The text of a block comment.
std::string block_text(std::string_view comment) {
    comment.remove_prefix(2);
    comment.remove_suffix(2);
    while (comment.starts_with('*')) comment.remove_prefix(1);
    std::vector<std::string_view> lines = lines_of(comment);
    lines.front() = trimmed(lines.front());
    outdent(lines);
    std::string text;
    for (const std::string_view line : lines) {
        const std::string_view content = trimmed(line);
        if (text.empty() && content.empty()) continue;
        if (!content.empty()) text += line.substr(0, indentation(line));
        text += content;
        text += '\n';
    }
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

// A text of any length, for a message.
std::string shortened(std::string_view text) {
    constexpr std::size_t most_shown = 40;
    return printable(text.substr(0, most_shown)) + (text.size() > most_shown ? "…" : "");
}

// Whether an empty line comes before anything else does.
bool empty_line_follows(std::string_view text) {
    std::size_t newlines = 0;
    for (const char c : text) {
        if (c == '\n') ++newlines;
        if (newlines == 2) return true;
        if (c != '\n' && c != ' ' && c != '\t' && c != '\r') break;
    }
    return false;
}

}  // namespace

Lexer::Lexer(Context& context)
    : context_(context),
      text_(context.source.text().data()),
      limit_(text_ + context.source.text().size()),
      start_(text_),
      cursor_(text_) {}

std::size_t Lexer::offset(const char* at) const {
    return static_cast<std::size_t>(at - text_);
}

Parser::symbol_type Lexer::next() {
    if (context_.diagnostics.full()) context_.stopped = true;
    if (context_.stopped) return end();
    Parser::symbol_type token = scan();
    end_before_ = end_latest_;
    end_latest_ = offset(cursor_);
    attach_doc();
    any_token_ = true;
    return token;
}

Parser::symbol_type Lexer::end() {
    const std::size_t at = offset(limit_);
    return Parser::make_END(context_.span(at, at));
}

Parser::symbol_type Lexer::name() {
    const lang::Span span = here();
    if (span.end - span.begin > context_.limits.name_length)
        report(context_.diagnostics, Wrong::name_too_long, span,
               fmt::format("this name has {} characters; {} are the most", span.end - span.begin,
                           context_.limits.name_length));
    return Parser::make_NAME(ast::Name{span}, span);
}

Parser::symbol_type Lexer::number() {
    const lang::Span span = here();
    std::string_view digits = span.text();
    int base = 10;
    if (digits.starts_with("0x")) {
        base = 16;
        digits.remove_prefix(2);
    }
    ast::Number number;
    const bool leading_zero = base == 10 && digits.size() > 1 && digits.front() == '0';
    const auto [rest, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number.magnitude, base);
    if (leading_zero || error == std::errc::invalid_argument ||
        rest != digits.data() + digits.size())
        report(context_.diagnostics, Wrong::malformed_number, span,
               fmt::format("`{}` is no number", shortened(span.text())),
               leading_zero ? "leave out the leading zeros" : "");
    else if (error == std::errc::result_out_of_range)
        report(context_.diagnostics, Wrong::number_too_large, span,
               "this number has more than 64 bits");
    return Parser::make_NUMBER(number, span);
}

Parser::symbol_type Lexer::open_angle() {
    if (++depth_ > context_.limits.nesting) {
        context_.stopped = true;
        report(context_.diagnostics, Wrong::nested_too_deep, here(),
               fmt::format("types are nested deeper than {} levels", context_.limits.nesting));
    }
    return Parser::make_OPEN_ANGLE(here());
}

void Lexer::unclosed_comment() {
    report(context_.diagnostics, Wrong::comment_not_closed, here(), "this comment has no end",
           "close it with */");
    cursor_ = limit_;
    context_.stopped = true;
}

void Lexer::unclosed_quote() {
    const void* newline = std::memchr(cursor_, '\n', static_cast<std::size_t>(limit_ - cursor_));
    cursor_ = newline ? static_cast<const char*>(newline) : limit_;
    report(context_.diagnostics, Wrong::quote_not_closed, here(),
           "this file name has no closing quote");
}

void Lexer::stray() {
    const lang::Span span = here();
    report(context_.diagnostics, Wrong::stray_character, span,
           fmt::format("`{}` belongs to no word of the language", shortened(span.text())));
}

void Lexer::block_comment() {
    const bool first = !any_token_ && context_.file.doc.empty() && doc_.empty();
    std::string text = block_text(here().text());
    const std::string_view rest(cursor_, static_cast<std::size_t>(limit_ - cursor_));
    if (first && empty_line_follows(rest)) {
        context_.file.doc = std::move(text);
        return;
    }
    doc_ = std::move(text);
    doc_of_lines_ = false;
}

void Lexer::line_comment() {
    const std::string_view text = here().text();
    if (!text.starts_with("///")) return;
    if (!doc_of_lines_) doc_.clear();
    doc_of_lines_ = true;
    if (!doc_.empty()) doc_ += '\n';
    doc_ += trimmed(text.substr(3));
    const std::string_view rest(cursor_, static_cast<std::size_t>(limit_ - cursor_));
    if (any_token_ || !context_.file.doc.empty() || !empty_line_follows(rest)) return;
    context_.file.doc = std::move(doc_);
    doc_.clear();
}

void Lexer::attach_doc() {
    if (!doc_.empty())
        context_.docs.emplace_back(static_cast<std::uint32_t>(offset(start_)), std::move(doc_));
    doc_.clear();
    doc_of_lines_ = false;
}

}  // namespace quire::idl
