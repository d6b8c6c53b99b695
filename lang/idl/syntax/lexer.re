// SPDX-License-Identifier: MIT

#include "syntax/lexer.hpp"

namespace quire::idl {

Parser::symbol_type Lexer::scan() {
    for (;;) {
        start_ = cursor_;
        /*!re2c
            re2c:define:YYCTYPE = "unsigned char";
            re2c:define:YYCURSOR = cursor_;
            re2c:define:YYLIMIT = limit_;
            re2c:define:YYMARKER = marker_;
            re2c:yyfill:enable = 0;
            re2c:eof = 0;

            blank = [ \t\r\n]+;
            name = [A-Za-z_][A-Za-z0-9_]*;
            number = [0-9][A-Za-z0-9_]*;
            quoted = "\"" [^"\n\r]* "\"";
            block = "/*" ([^*] | ("*"+ [^*/]))* "*"+ "/";
            line = "//" [^\n]*;

            $ { return end(); }
            * { stray(); continue; }
            [\x80-\xff]+ { stray(); continue; }
            blank { continue; }
            block { block_comment(); continue; }
            line { line_comment(); continue; }
            "/*" { unclosed_comment(); continue; }

            "include" { return Parser::make_INCLUDE(here()); }
            "const" { return Parser::make_CONST(here()); }
            "enum" { return Parser::make_ENUM(here()); }
            "struct" { return Parser::make_STRUCT(here()); }
            "interface" { return Parser::make_INTERFACE(here()); }
            "composes" { return Parser::make_COMPOSES(here()); }
            "void" { return Parser::make_VOID(here()); }
            "in" { return Parser::make_IN(here()); }
            "out" { return Parser::make_OUT(here()); }
            "inout" { return Parser::make_INOUT(here()); }
            "string" { return Parser::make_STRING(here()); }
            "bytes" { return Parser::make_BYTES(here()); }
            "list" { return Parser::make_LIST(here()); }
            "cap" { return Parser::make_CAP(here()); }
            "optional" { return Parser::make_OPTIONAL(here()); }
            "memory" { return Parser::make_MEMORY(here()); }
            "bool" { return Parser::make_SCALAR(ast::Scalar::boolean, here()); }
            "int8" { return Parser::make_SCALAR(ast::Scalar::int8, here()); }
            "int16" { return Parser::make_SCALAR(ast::Scalar::int16, here()); }
            "int32" { return Parser::make_SCALAR(ast::Scalar::int32, here()); }
            "int64" | "offset_t" { return Parser::make_SCALAR(ast::Scalar::int64, here()); }
            "uint8" { return Parser::make_SCALAR(ast::Scalar::uint8, here()); }
            "uint16" { return Parser::make_SCALAR(ast::Scalar::uint16, here()); }
            "uint32" { return Parser::make_SCALAR(ast::Scalar::uint32, here()); }
            "uint64" | "size_t" { return Parser::make_SCALAR(ast::Scalar::uint64, here()); }

            "{" { return Parser::make_OPEN_BRACE(here()); }
            "}" { depth_ = 0; return Parser::make_CLOSE_BRACE(here()); }
            "[" { return Parser::make_OPEN_BRACKET(here()); }
            "]" { return Parser::make_CLOSE_BRACKET(here()); }
            "(" { return Parser::make_OPEN_PARENTHESIS(here()); }
            ")" { return Parser::make_CLOSE_PARENTHESIS(here()); }
            "<" { return open_angle(); }
            ">" { if (depth_ > 0) --depth_; return Parser::make_CLOSE_ANGLE(here()); }
            "=" { return Parser::make_EQUALS(here()); }
            ":" { return Parser::make_COLON(here()); }
            ";" { depth_ = 0; return Parser::make_SEMICOLON(here()); }
            "," { return Parser::make_COMMA(here()); }
            "-" { return Parser::make_MINUS(here()); }

            name { return name(); }
            number { return number(); }
            quoted { return Parser::make_QUOTED(here()); }
            "\"" { unclosed_quote(); continue; }
        */
    }
}

}  // namespace quire::idl
