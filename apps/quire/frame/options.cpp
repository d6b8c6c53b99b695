// SPDX-License-Identifier: MIT

#include "frame/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "frame/parser.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

std::vector<std::string> split_names(std::string_view names) {
    std::vector<std::string> result;
    while (true) {
        const std::size_t comma = names.find(',');
        result.emplace_back(names.substr(0, comma));
        if (comma == names.npos) return result;
        names.remove_prefix(comma + 1);
    }
}

}  // namespace

Options::Item& Options::add(Item::Kind kind, std::string_view names, std::string_view meta,
                            std::string_view help, Apply apply) {
    Item item;
    item.kind = kind;
    if (!names.empty()) item.names = split_names(names);
    item.meta = meta;
    item.help = help;
    item.apply = std::move(apply);
    items_.push_back(std::move(item));
    return items_.back();
}

Options& Options::flag(std::string_view names, bool& target, std::string_view help) {
    return flag(names, [&target] { target = true; }, help);
}

Options& Options::flag(std::string_view names, std::function<void()> action,
                       std::string_view help) {
    add(Item::Kind::flag, names, "", help,
        [action = std::move(action)](std::string_view) -> Result<void> {
            action();
            return {};
        });
    return *this;
}

Options& Options::value(std::string_view names, std::string_view meta, std::string& target,
                        std::string_view help, ValueKind kind) {
    return value(
        names, meta,
        [&target](std::string_view text) -> Result<void> {
            target = text;
            return {};
        },
        help, kind);
}

Options& Options::value(std::string_view names, std::string_view meta,
                        std::optional<std::string>& target, std::string_view help, ValueKind kind) {
    return value(
        names, meta,
        [&target](std::string_view text) -> Result<void> {
            target = text;
            return {};
        },
        help, kind);
}

Options& Options::value(std::string_view names, std::string_view meta, Apply apply,
                        std::string_view help, ValueKind kind) {
    add(Item::Kind::value, names, meta, help, std::move(apply)).value_kind = kind;
    return *this;
}

Options& Options::values(std::string_view names, std::string_view meta,
                         std::vector<std::string>& target, std::string_view help, ValueKind kind) {
    return value(
        names, meta,
        [&target](std::string_view text) -> Result<void> {
            target.emplace_back(text);
            return {};
        },
        help, kind);
}

Options& Options::choice(std::string_view names, std::initializer_list<std::string_view> words,
                         std::string& target, std::string_view help) {
    const std::vector<std::string> choices(words.begin(), words.end());
    const std::string first = split_names(names).back();
    Item& item = add(Item::Kind::value, names, fmt::format("{}", fmt::join(choices, "|")), help,
                     [&target, choices, first](std::string_view text) -> Result<void> {
                         if (std::ranges::find(choices, text) == choices.end())
                             return fail(std::errc::invalid_argument,
                                         fmt::format("{} is one of {}, not '{}'", first,
                                                     fmt::join(choices, ", "), printable(text)));
                         target = text;
                         return {};
                     });
    item.words = choices;
    return *this;
}

Options& Options::optional_value(std::string_view names, std::string_view meta, Apply apply,
                                 std::string_view help) {
    add(Item::Kind::optional_value, names, meta, help, std::move(apply));
    return *this;
}

Options& Options::operand(std::string_view meta, std::string& target, std::string_view help,
                          ValueKind kind) {
    Item& item =
        add(Item::Kind::operand, "", meta, help, [&target](std::string_view text) -> Result<void> {
            target = text;
            return {};
        });
    item.least = 1;
    item.value_kind = kind;
    return *this;
}

Options& Options::operand(std::string_view meta, std::optional<std::string>& target,
                          std::string_view help, ValueKind kind) {
    Item& item =
        add(Item::Kind::operand, "", meta, help, [&target](std::string_view text) -> Result<void> {
            target = text;
            return {};
        });
    item.value_kind = kind;
    return *this;
}

Options& Options::operands(std::string_view meta, std::vector<std::string>& target,
                           std::size_t least, std::string_view help, ValueKind kind) {
    Item& item =
        add(Item::Kind::operand, "", meta, help, [&target](std::string_view text) -> Result<void> {
            target.emplace_back(text);
            return {};
        });
    item.least = least;
    item.many = true;
    item.value_kind = kind;
    return *this;
}

Options& Options::rest(std::string_view meta, std::function<bool(std::string_view)> begins,
                       std::vector<std::string>& target, std::string_view help) {
    add(Item::Kind::rest, "", meta, help, [&target](std::string_view text) -> Result<void> {
        target.emplace_back(text);
        return {};
    });
    rest_begins_ = std::move(begins);
    return *this;
}

Options& Options::operand_with_dash(std::function<bool(std::string_view)> accepts) {
    operand_with_dash_ = std::move(accepts);
    return *this;
}

Result<void> Options::parse(const std::vector<std::string>& arguments) {
    auto end = arguments.end();
    if (rest_begins_) {
        end = std::ranges::find_if(arguments, rest_begins_);
        const auto taker = std::ranges::find(items_, Item::Kind::rest, &Item::kind);
        for (auto argument = end; argument != arguments.end(); ++argument)
            QUIRE_TRY(taker->apply(*argument));
    }
    QUIRE_TRY_ASSIGN(const std::vector<Parsed> parsed,
                     parse_arguments(items_, {arguments.begin(), end}, operand_with_dash_));
    std::vector<std::string> operands;
    for (const Parsed& one : parsed) {
        if (one.item == nullptr)
            operands.push_back(one.text);
        else
            QUIRE_TRY(one.item->apply(one.text));
    }
    return give_operands(operands);
}

Result<void> Options::give_operands(const std::vector<std::string>& operands) {
    std::size_t needed = 0;
    for (const Item& item : items_)
        if (item.kind == Item::Kind::operand) needed += item.least;
    std::size_t spare = operands.size() > needed ? operands.size() - needed : 0;
    std::size_t next = 0;
    for (const Item& item : items_) {
        if (item.kind != Item::Kind::operand) continue;
        std::size_t count = item.least;
        const std::size_t further =
            item.many ? spare : std::min<std::size_t>(spare, 1 - item.least);
        count += further;
        spare -= further;
        if (next + count > operands.size())
            return fail(std::errc::invalid_argument, fmt::format("{} is missing", item.meta));
        for (std::size_t i = 0; i < count; ++i) QUIRE_TRY(item.apply(operands[next++]));
    }
    if (next < operands.size())
        return fail(std::errc::invalid_argument,
                    fmt::format("'{}' is one argument too many", printable(operands[next])));
    return {};
}

}  // namespace quire::app
