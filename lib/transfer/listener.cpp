// SPDX-License-Identifier: MIT

#include "quire/transfer/listener.hpp"

#include <fmt/core.h>

namespace quire::transfer {

std::string Summary::lost_sentence() const {
    static constexpr std::array<std::string_view, losses> names = {
        "the owner of {} {} was not kept", "an extended attribute of {} {} was not kept",
        "the access list of {} {} was not kept"};
    std::string text;
    for (std::size_t i = 0; i < losses; ++i) {
        if (lost[i] == 0) continue;
        if (!text.empty()) text += ", ";
        text += fmt::format(fmt::runtime(names[i]), lost[i], lost[i] == 1 ? "entry" : "entries");
    }
    return text;
}

void Account::done(Action action, std::string_view from, std::string_view to) {
    if (action != Action::skipped) ++summary_.entries;
    progress_.advance(0, 1);
    listener_.done(action, from, to);
}

void Account::problem(std::string_view path, const Error& error) {
    ++summary_.problems;
    listener_.problem(path, error);
}

void Account::warning(std::string_view path, std::string_view sentence) {
    ++summary_.warnings;
    listener_.warning(path, sentence);
}

}  // namespace quire::transfer
