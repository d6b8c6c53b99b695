// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quire::lang {

/// How many characters: bytes that do not continue a UTF-8 sequence.
std::size_t characters(std::string_view text);

/// What a text must not have, because it would not mean what it looks like.
enum class Flaw {
    not_utf8,
    control,    ///< a control character other than tab, newline and carriage return
    direction,  ///< turns the direction of writing, so that code reads as comment or the reverse
};

struct FlawedPlace {
    Flaw flaw;
    std::size_t offset;
    std::size_t length;
};

/// The first flaw at or after `from`.
std::optional<FlawedPlace> find_flaw(std::string_view text, std::size_t from = 0);

/// The one of `candidates` that `word` was most likely meant to be, or "" when none is near.
/// Long words are like no other: the time is bounded.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// `parent_name` for `ParentName` (an acronym counts as one word), and back.
std::string snake_case(std::string_view camel);
std::string camel_case(std::string_view snake);

}  // namespace quire::lang
