// SPDX-License-Identifier: MIT

#include "program/depfile.hpp"

namespace quire::idl {

namespace {

void append_path(std::string& text, std::string_view path) {
    std::size_t backslashes = 0;
    for (const char c : path) {
        // Backslashes count only before a blank.
        if (c == ' ' || c == '\t') text += std::string(backslashes, '\\') + '\\';
        if (c == '#') text += '\\';
        if (c == '$') text += '$';
        backslashes = c == '\\' ? backslashes + 1 : 0;
        text += c;
    }
}

}  // namespace

std::string depfile(std::span<const std::string> outputs, const Model& model) {
    std::string text;
    for (const std::string& output : outputs) {
        if (!text.empty()) text += ' ';
        append_path(text, output);
    }
    text += ':';
    for (const lang::Source& source : model.sources) {
        text += " \\\n  ";
        append_path(text, source.name());
    }
    return text + '\n';
}

}  // namespace quire::idl
