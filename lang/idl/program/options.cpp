// SPDX-License-Identifier: MIT

#include "program/options.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "check/loader.hpp"
#include "quire/base/name.hpp"

namespace quire::idl {

namespace {

struct Option {
    std::string_view name;
    std::string_view value;  // what it takes, or nothing
    std::string_view text;
    bool Options::* flag;
    std::string& (*place)(Options&);
};

// In the order of `--help`.
constexpr Option known[] = {
    {"--out", "DIR", "Write NAME.hpp, NAME.cpp and NAME.md into this directory", nullptr,
     [](Options& o) -> std::string& { return o.out; }},
    {"--namespace", "NAME", "C++ namespace of what is generated (quire::protocols)", nullptr,
     [](Options& o) -> std::string& { return o.cpp.name_space; }},
    {"--include-prefix", "PATH", "Directory of headers in #include lines (quire/protocols)",
     nullptr, [](Options& o) -> std::string& { return o.cpp.include_prefix; }},
    {"-I", "DIR", "Look for included files there too; may be given again", nullptr,
     [](Options& o) -> std::string& { return o.directories.emplace_back(); }},
    {"--depfile", "FILE", "Write a make rule that names every file read", nullptr,
     [](Options& o) -> std::string& { return o.depfile; }},
    {"--layout", "", "Print the bytes of each message", &Options::layout, nullptr},
    {"--compatible-with", "OLD.idl", "Complain about changes to what was released", nullptr,
     [](Options& o) -> std::string& { return o.compatible_with; }},
    {"--explain", "NUMBER", "Explain a diagnostic, such as Q0107", nullptr,
     [](Options& o) -> std::string& { return o.explain; }},
    {"--version", "", "Print the version and exit", &Options::version, nullptr},
    {"--help", "", "Print this and exit", &Options::help, nullptr},
};

std::unexpected<Error> usage(std::string sentence) {
    return fail(std::errc::invalid_argument, std::move(sentence));
}

// The option that the argument names, and what stands behind it without a blank (`-Idir`,
// `--out=dir`).
const Option* find_option(std::string_view argument, std::string_view& attached,
                          bool& has_attached) {
    for (const Option& option : known) {
        if (argument == option.name) return &option;
        const bool is_short = option.name.size() == 2;
        if (!argument.starts_with(option.name)) continue;
        std::string_view rest = argument.substr(option.name.size());
        if (!is_short && !rest.starts_with('=')) continue;
        if (!is_short) rest.remove_prefix(1);
        attached = rest;
        has_attached = true;
        return &option;
    }
    return nullptr;
}

bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// What would break generated code is refused here, and not by a C++ compiler.
bool is_name_space(std::string_view text) {
    for (;;) {
        const std::size_t colons = std::min(text.find("::"), text.size());
        const std::string_view part = text.substr(0, colons);
        if (part.empty() || (part.front() >= '0' && part.front() <= '9') ||
            !std::all_of(part.begin(), part.end(), is_word_character))
            return false;
        if (colons == text.size()) return true;
        text.remove_prefix(colons + 2);
    }
}

bool is_include_prefix(std::string_view text) {
    return !text.starts_with('/') && !text.ends_with('/') &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_word_character(c) || c == '/' || c == '-' || c == '.' || c == '+';
           });
}

Result<void> check(const Options& options) {
    if (options.help || options.version || !options.explain.empty()) return {};
    if (options.file.empty()) return usage("no file is named; see quire-idl --help");
    if (stem_of(options.file).empty())
        return usage(
            fmt::format("{}: a file to compile is called snake_case.idl, because a C++ "
                        "header is named after it",
                        printable(options.file)));
    if (!is_name_space(options.cpp.name_space))
        return usage(fmt::format("{} is no C++ namespace", printable(options.cpp.name_space)));
    if (!is_include_prefix(options.cpp.include_prefix))
        return usage(
            fmt::format("{} is no directory of headers", printable(options.cpp.include_prefix)));
    if (!options.depfile.empty() && options.out.empty())
        return usage("--depfile names what --out writes; give both");
    return {};
}

}  // namespace

Result<Options> Options::parse(std::span<const std::string> arguments) {
    Options options;
    bool only_files = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument == "--" && !only_files) {
            only_files = true;
        } else if (only_files || !argument.starts_with('-')) {
            if (!options.file.empty()) return usage("one file is compiled at a time");
            options.file = argument;
        } else {
            std::string_view attached;
            bool has_attached = false;
            const Option* option = find_option(argument, attached, has_attached);
            if (!option)
                return usage(fmt::format("there is no option {}; see quire-idl --help",
                                         printable(argument)));
            if (option->flag) {
                if (has_attached) return usage(fmt::format("{} takes no value", option->name));
                options.*option->flag = true;
            } else if (has_attached) {
                option->place(options) = attached;
            } else if (i + 1 < arguments.size()) {
                option->place(options) = arguments[++i];
            } else {
                return usage(fmt::format("{} needs a {}", option->name, option->value));
            }
        }
    }
    QUIRE_TRY(check(options));
    return options;
}

std::string help_text() {
    std::string text =
        "quire-idl - the compiler of the interface language\n\n"
        "Usage: quire-idl --out DIR [OPTION]... FILE.idl\n"
        "       quire-idl --layout [OPTION]... FILE.idl\n"
        "       quire-idl --explain NUMBER\n\n"
        "Without --out and --layout the file is only checked.\n\n"
        "Options:\n";
    for (const Option& option : known) {
        const std::string left =
            fmt::format("{}{}{}", option.name, option.value.empty() ? "" : " ", option.value);
        text += fmt::format("  {:<27}  {}\n", left, option.text);
    }
    return text +
           "\nExit status: 0 all is well, 1 the file has errors, 2 the command line is "
           "wrong or a file cannot be read or written.\n";
}

}  // namespace quire::idl
