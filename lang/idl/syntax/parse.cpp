// SPDX-License-Identifier: MIT

#include "syntax/parse.hpp"

#include "quire/lang/common/text.hpp"
#include "syntax/grammar.hpp"
#include "syntax/lexer.hpp"

namespace quire::idl {

namespace {

// Characters that comments may not have either; a source with one is not looked at further.
bool check_characters(const Context& context) {
    const auto flawed = lang::find_flaw(context.source.text());
    if (!flawed) return true;
    const lang::Span span = context.span(flawed->offset, flawed->offset + flawed->length);
    if (flawed->flaw == lang::Flaw::not_utf8)
        report(context.diagnostics, Wrong::not_utf8, span, "this byte is no UTF-8");
    else
        report(context.diagnostics, Wrong::misleading_character, span,
               flawed->flaw == lang::Flaw::control
                   ? "this is a control character"
                   : "this character turns the direction of writing");
    return false;
}

}  // namespace

ast::File parse(const lang::Source& source, lang::Diagnostics& diagnostics, const Limits& limits,
                std::size_t& declarations) {
    Context context{source, diagnostics, limits, declarations};
    if (!check_characters(context)) return {};
    Lexer lexer(context);
    Parser(context, lexer).parse();
    return std::move(context.file);
}

}  // namespace quire::idl
