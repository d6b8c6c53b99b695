// SPDX-License-Identifier: MIT
//
// The only file that includes CLI11: it is slow to compile. What a value means is decided by the
// caller; here only the syntax is CLI11's.

#include "frame/parser.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <map>

#include "quire/base/name.hpp"

namespace quire::app {

namespace {

using Kind = Options::Item::Kind;

// CLI11 takes `[a,b]` for a list of two, `--name=` for an option whose value comes next, and
// `-:/etc` (a path in the image on standard input) for options. All are addresses and values like
// others here, so such words travel with a mark in front.
constexpr char mark = '\x01';

using IsOperand = std::function<bool(std::string_view)>;

std::string protect(const std::string& word, const IsOperand& is_operand) {
    const bool marked = word.starts_with('[') || word.starts_with(mark) || word.starts_with("-:") ||
                        word.starts_with("-@") || (is_operand && is_operand(word));
    if (marked) return mark + word;
    return word;
}

std::string unprotect(std::string word) {
    const std::size_t at = word.starts_with("--") ? word.find('=') + 1 : 0;
    if (at < word.size() && word[at] == mark) word.erase(at, 1);
    return word;
}

std::vector<std::string> protect_all(const std::vector<std::string>& arguments,
                                     const IsOperand& is_operand) {
    std::vector<std::string> words;
    bool operands_only = false;
    for (const std::string& argument : arguments) {
        const std::size_t equals = argument.find('=');
        if (!operands_only && argument.starts_with("--") && equals != std::string::npos)
            words.push_back(argument.substr(0, equals + 1) + mark + argument.substr(equals + 1));
        else
            words.push_back(protect(argument, is_operand));
        operands_only = operands_only || argument == "--";
    }
    return words;
}

std::string sentence_of(const CLI::ParseError& error) {
    std::string text = error.what();
    return text.substr(0, text.find('\n'));
}

}  // namespace

Result<std::vector<Parsed>> parse_arguments(const std::vector<Options::Item>& items,
                                            const std::vector<std::string>& arguments,
                                            const IsOperand& is_operand) {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    std::map<const CLI::Option*, const Options::Item*> meaning;
    for (const Options::Item& item : items) {
        if (item.names.empty()) continue;
        const std::string names = fmt::format("{}", fmt::join(item.names, ","));
        CLI::Option* option = nullptr;
        if (item.kind == Kind::value) {
            option = app.add_option(names, CLI::callback_t());
            option->type_size(1)->expected(1)->allow_extra_args(false);
        } else {
            option = app.add_flag(names);
        }
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        meaning[option] = &item;
    }
    CLI::Option* operands = app.add_option("operands", CLI::callback_t());
    constexpr int many = 1 << 20;
    operands->type_size(1)->expected(0, many)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    operands->allow_extra_args();

    std::vector<std::string> words = protect_all(arguments, is_operand);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    try {
        app.parse(words);
    } catch (const CLI::ParseError& error) {
        return fail(std::errc::invalid_argument, sentence_of(error));
    }
    for (const std::string& unknown : app.remaining())
        if (unknown != "--")
            return fail(std::errc::invalid_argument,
                        fmt::format("there is no option '{}'", printable(unprotect(unknown))));

    std::vector<Parsed> parsed;
    std::map<const CLI::Option*, std::size_t> taken;
    for (const CLI::Option* option : app.parse_order()) {
        const std::string text = unprotect(option->results().at(taken[option]++));
        const auto found = meaning.find(option);
        if (found == meaning.end()) {
            parsed.push_back({nullptr, text});
            continue;
        }
        const Options::Item& item = *found->second;
        // CLI11 says "true" for a flag without a value.
        const bool bare = item.kind != Kind::value && text == "true";
        if (item.kind == Kind::flag && !bare)
            return fail(std::errc::invalid_argument,
                        fmt::format("{} takes no value", item.names.back()));
        parsed.push_back({&item, bare ? "" : text});
    }
    return parsed;
}

}  // namespace quire::app
