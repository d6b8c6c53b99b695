// SPDX-License-Identifier: MIT

#include "values/size.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "quire/base/name.hpp"

namespace quire::app {

namespace {

constexpr std::uint64_t greatest = std::numeric_limits<std::int64_t>::max();

// Multiplies by what a suffix says; false when it is none, or the product is beyond any file.
bool scale(std::uint64_t& amount, std::string_view suffix) {
    if (suffix.empty()) return true;
    constexpr std::string_view letters = "KMGTPE";
    const char letter =
        suffix.front() >= 'a' ? static_cast<char>(suffix.front() - 'a' + 'A') : suffix.front();
    const bool small = suffix.front() == 'k' || suffix.front() == 'm' || suffix.front() == 'g' ||
                       suffix.front() == 't';
    const std::size_t power = letters.find(letter);
    if (power == letters.npos || (suffix.front() != letter && !small)) return false;
    const std::string_view unit = suffix.substr(1);
    std::uint64_t base = 1024;
    if (unit == "B")
        base = 1000;
    else if (!unit.empty() && unit != "iB")
        return false;
    for (std::size_t i = 0; i <= power; ++i)
        if (__builtin_mul_overflow(amount, base, &amount)) return false;
    return amount <= greatest;
}

}  // namespace

Result<SizeChange> SizeChange::parse(std::string_view text) {
    const auto wrong = [&] {
        return fail(
            std::errc::invalid_argument,
            fmt::format("'{}' is not a size; sizes are like 4096, 300K, +1M, -5, <2G or %4K",
                        printable(text)));
    };
    std::string_view rest = text;
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    char operation = '=';
    if (!rest.empty() && std::string_view("+-<>/%").find(rest.front()) != std::string_view::npos) {
        operation = rest.front();
        rest.remove_prefix(1);
    }
    std::uint64_t amount = 1;  // a suffix alone is one of it
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), amount);
    const bool suffix_alone = error == std::errc::invalid_argument && !rest.empty();
    if ((error != std::errc{} && !suffix_alone) || amount > greatest) return wrong();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (!scale(amount, rest)) return wrong();
    if (amount == 0 && (operation == '/' || operation == '%'))
        return fail(std::errc::invalid_argument, "there are no multiples of 0");
    return SizeChange(operation, amount);
}

Result<std::uint64_t> SizeChange::apply(std::uint64_t size) const {
    std::uint64_t result = amount_;
    switch (operation_) {
        case '+':
            result = size + amount_;
            break;
        case '-':
            result = size - std::min(size, amount_);
            break;
        case '<':
            result = std::min(size, amount_);
            break;
        case '>':
            result = std::max(size, amount_);
            break;
        case '/':
            result = size - size % amount_;
            break;
        case '%':
            result = size % amount_ == 0 ? size : size - size % amount_ + amount_;
            break;
        default:
            break;
    }
    if (result > greatest) return fail(std::errc::file_too_large);
    return result;
}

}  // namespace quire::app
