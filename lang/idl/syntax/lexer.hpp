// SPDX-License-Identifier: MIT

#pragma once

#include "syntax/context.hpp"
#include "syntax/grammar.hpp"

namespace quire::idl {

/// Divides a source into tokens, puts doc comments aside, and reports what is no token.
class Lexer {
public:
    /// Needs: the context outlives the lexer.
    explicit Lexer(Context& context);

    /// The next token; after the last one, or when the context says stop, the end again and again.
    Parser::symbol_type next();

    /// Where the token before the latest one ends: a forgotten semicolon belongs there.
    std::size_t end_before() const { return end_before_; }

private:
    Parser::symbol_type scan();
    Parser::symbol_type end();
    Parser::symbol_type name();
    Parser::symbol_type number();
    Parser::symbol_type open_angle();
    void unclosed_comment();
    void unclosed_quote();
    void stray();
    void block_comment();
    void line_comment();
    void attach_doc();

    std::size_t offset(const char* at) const;
    /// The token, or comment, that was read last.
    lang::Span here() const { return context_.span(offset(start_), offset(cursor_)); }

    Context& context_;
    const char* const text_;
    const char* const limit_;
    const char* start_;   // of the current token
    const char* cursor_;  // behind it
    const char* marker_ = nullptr;
    std::size_t depth_ = 0;  // of open angle brackets
    std::size_t end_before_ = 0;
    std::size_t end_latest_ = 0;
    bool any_token_ = false;

    std::string doc_;  // the comment that waits for what follows it
    bool doc_of_lines_ = false;
};

}  // namespace quire::idl
