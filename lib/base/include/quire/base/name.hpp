// SPDX-License-Identifier: MIT

#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "quire/base/result.hpp"

namespace quire {

/// One directory entry's name, checked once: 1 to 255 bytes, any but `/` and NUL, and neither
/// `.` nor `..`. Bytes, not characters: names need not be UTF-8.
class Name {
public:
    static constexpr std::size_t max_length = 255;

    /// Fails: invalid_argument (empty, `.`, `..`, has `/` or NUL), filename_too_long.
    static Result<Name> parse(std::string_view text);

    const std::string& text() const { return text_; }
    std::string_view view() const { return text_; }

    friend auto operator<=>(const Name&, const Name&) = default;
    friend bool operator==(const Name&, const Name&) = default;
    friend bool operator==(const Name& a, std::string_view b) { return a.text_ == b; }

private:
    explicit Name(std::string_view text) : text_(text) {}
    std::string text_;
};

/// Bytes as a person may read them on a terminal: control characters and what is not UTF-8
/// become \ooo, so that a hostile name cannot steer the terminal.
std::string printable(std::string_view bytes);

}  // namespace quire

template <>
struct std::hash<quire::Name> {
    std::size_t operator()(const quire::Name& name) const noexcept {
        return std::hash<std::string>{}(name.text());
    }
};
