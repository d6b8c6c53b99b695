// SPDX-License-Identifier: MIT

#include "quire/base/units.hpp"

#include <fmt/core.h>

#include <charconv>
#include <limits>

namespace quire {

Result<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
    auto malformed = [&] {
        return fail(std::errc::invalid_argument,
                    fmt::format("'{}' is not a size (digits and K, M, G, T or P)", text));
    };
    std::uint64_t value = 0;
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code == std::errc::result_out_of_range) return fail(code, "the size is too large");
    if (code != std::errc() || end == text.data()) return malformed();
    std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (!suffix.empty()) {
        constexpr std::string_view letters = "KMGTP";
        const char letter = suffix.front() == 'k' ? 'K' : suffix.front();
        const std::size_t power = letters.find(letter);
        if (power == letters.npos) return malformed();
        std::uint64_t base = 1024;
        if (suffix.substr(1) == "B")
            base = 1000;
        else if (!suffix.substr(1).empty() && suffix.substr(1) != "iB")
            return malformed();
        for (std::size_t i = 0; i <= power; ++i) {
            if (value > limit / base)
                return fail(std::errc::result_out_of_range, "the size is too large");
            value *= base;
        }
    }
    if (value > limit) return fail(std::errc::result_out_of_range, "the size is too large");
    return value;
}

std::string human_size(std::uint64_t bytes) {
    constexpr std::string_view letters = "KMGTPE";
    if (bytes < 1024) return fmt::format("{}", bytes);
    auto value = static_cast<double>(bytes);
    std::size_t power = 0;
    for (value /= 1024; value >= 1024; value /= 1024) ++power;
    return value < 10 ? fmt::format("{:.1f}{}", value, letters[power])
                      : fmt::format("{:.0f}{}", value, letters[power]);
}

}  // namespace quire
