// SPDX-License-Identifier: MIT

#include "quire/lang/common/catalogue.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace quire::lang {

namespace {

constexpr std::size_t explained_width = 80;

// Lines that begin with a blank are examples and stay as they are.
void append_wrapped(std::string& out, std::string_view line) {
    if (line.starts_with(' ')) {
        out += line;
        out += '\n';
        return;
    }
    std::size_t column = 0;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        if (column > 0 && column + 1 + end > explained_width) {
            out += '\n';
            column = 0;
        }
        if (column > 0) {
            out += ' ';
            ++column;
        }
        out += line.substr(0, end);
        column += end;
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    out += '\n';
}

}  // namespace

const CatalogueEntry* find(std::span<const CatalogueEntry> catalogue, Code code) {
    const auto at = std::lower_bound(
        catalogue.begin(), catalogue.end(), code,
        [](const CatalogueEntry& entry, Code wanted) { return entry.code < wanted; });
    return at != catalogue.end() && at->code == code ? &*at : nullptr;
}

std::string explain(const CatalogueEntry& entry) {
    std::string text = fmt::format("{}: {}\n\n", entry.code.text(), entry.title);
    std::string_view rest = entry.explanation;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        append_wrapped(text, rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return text;
}

}  // namespace quire::lang
