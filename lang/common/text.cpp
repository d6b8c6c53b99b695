// SPDX-License-Identifier: MIT

#include "quire/lang/common/text.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace quire::lang {

namespace {

constexpr std::size_t longest_compared = 64;

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

char to_lower(char c) {
    return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

struct Character {
    std::uint32_t code = 0;
    std::size_t length = 0;  // 0: no UTF-8
};

// Shortest forms only, no surrogates, nothing beyond U+10FFFF.
Character character_at(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
    std::uint32_t code = lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {};
        code = code << 6 | (byte(i) & 0x3Fu);
    }
    static constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return {};
    return {code, length};
}

bool is_control(std::uint32_t code) {
    if (code == '\t' || code == '\n' || code == '\r') return false;
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029;
}

bool turns_direction(std::uint32_t code) {
    return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0x200E || code == 0x200F || code == 0x061C;
}

// How many letters must be put in, taken out, changed or exchanged with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
    // Rows of the table: for all of `a` before the last letter, with it, and with the current one.
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    const auto same = [](char x, char y) { return to_lower(x) == to_lower(y); };
    for (std::size_t i = 0; i < a.size(); ++i) {
        before.swap(last);
        last.swap(row);
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = last[j] + (same(a[i], b[j]) ? 0 : 1);
            row[j + 1] = std::min({changed, row[j] + 1, last[j + 1] + 1});
            if (i > 0 && j > 0 && same(a[i], b[j - 1]) && same(a[i - 1], b[j]))
                row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
        }
    }
    return row.back();
}

}  // namespace

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80;
    }));
}

std::optional<FlawedPlace> find_flaw(std::string_view text, std::size_t from) {
    while (from < text.size()) {
        const Character character = character_at(text.substr(from));
        if (character.length == 0) return FlawedPlace{Flaw::not_utf8, from, 1};
        if (is_control(character.code)) return FlawedPlace{Flaw::control, from, character.length};
        if (turns_direction(character.code))
            return FlawedPlace{Flaw::direction, from, character.length};
        from += character.length;
    }
    return std::nullopt;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view best;
    if (word.size() > longest_compared) return best;
    // A third of the letters wrong is a different word.
    std::size_t best_distance = word.size() / 3 + 1;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > longest_compared) continue;
        const std::size_t d = distance(word, candidate);
        if (d < best_distance) {
            best = candidate;
            best_distance = d;
        }
    }
    return best;
}

std::string snake_case(std::string_view camel) {
    std::string result;
    for (std::size_t i = 0; i < camel.size(); ++i) {
        const bool after_lower = i > 0 && is_lower_or_digit(camel[i - 1]);
        const bool before_lower = i > 0 && is_upper(camel[i - 1]) && i + 1 < camel.size() &&
                                  is_lower_or_digit(camel[i + 1]);
        if (is_upper(camel[i]) && (after_lower || before_lower)) result += '_';
        result += to_lower(camel[i]);
    }
    return result;
}

std::string camel_case(std::string_view snake) {
    std::string result;
    bool first = true;
    for (const char c : snake) {
        if (c == '_') {
            first = true;
            continue;
        }
        result += first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        first = false;
    }
    return result;
}

}  // namespace quire::lang
