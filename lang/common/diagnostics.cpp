// SPDX-License-Identifier: MIT

#include "quire/lang/common/diagnostics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace quire::lang {

std::string Code::text() const {
    return fmt::format("{}{:04}", letter, number);
}

std::optional<Code> Code::parse(std::string_view text) {
    if (text.size() != 5) return std::nullopt;
    Code code;
    code.letter = text[0];
    if (code.letter >= 'a' && code.letter <= 'z')
        code.letter = static_cast<char>(code.letter - 'a' + 'A');
    if (code.letter < 'A' || code.letter > 'Z') return std::nullopt;
    for (const char digit : text.substr(1)) {
        if (digit < '0' || digit > '9') return std::nullopt;
        code.number = static_cast<std::uint16_t>(code.number * 10 + (digit - '0'));
    }
    return code;
}

void Diagnostics::add(Diagnostic diagnostic) {
    const bool known = std::any_of(list_.begin(), list_.end(), [&](const Diagnostic& other) {
        return other.code == diagnostic.code && other.span == diagnostic.span;
    });
    if (known) return;
    if (full())
        ++dropped_;
    else
        list_.push_back(std::move(diagnostic));
}

}  // namespace quire::lang
