// SPDX-License-Identifier: MIT

#include "frame/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace quire::app {

namespace {

using Kind = Options::Item::Kind;

constexpr std::size_t help_column = 28;
constexpr std::size_t width = 80;

// `left` and, from the help column on, `text` broken into lines.
std::string entry(std::string_view left, std::string_view text) {
    std::string result = fmt::format("  {}", left);
    std::size_t column = result.size();
    if (column + 2 > help_column) {
        result += '\n';
        column = 0;
    }
    result.append(help_column - column, ' ');
    column = help_column;
    bool first = true;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (!first && column + 1 + word.size() > width) {
            result += '\n';
            result.append(help_column, ' ');
            column = help_column;
        } else if (!first) {
            result += ' ';
            ++column;
        }
        result += word;
        column += word.size();
        first = false;
    }
    return result + '\n';
}

std::string left_of(const Options::Item& item) {
    if (item.names.empty()) return item.meta;
    std::string left = fmt::format("{}", fmt::join(item.names, ", "));
    const bool long_name = item.names.back().starts_with("--");
    if (item.kind == Kind::value) left += (long_name ? "=" : " ") + item.meta;
    if (item.kind == Kind::optional_value) left += "[=" + item.meta + "]";
    return left;
}

std::string indented(std::string_view lines) {
    std::string result;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        result += fmt::format("  {}\n", line);
    }
    return result;
}

std::string_view heading_of(std::string_view folder) {
    if (folder == "look") return "Look:";
    if (folder == "change") return "Change:";
    if (folder == "pack") return "Pack and unpack:";
    if (folder == "verify") return "Verify:";
    if (folder == "serve") return "Serve:";
    if (folder == "compile") return "Compile:";
    return "Other:";
}

}  // namespace

std::string usage_line(const Verb& verb, const Options& options) {
    std::string line = fmt::format("quire {}", verb.name);
    line += " [OPTION]...";
    for (const Options::Item& item : options.items()) {
        if (item.kind != Kind::operand && item.kind != Kind::rest) continue;
        const std::string dots = item.many ? "..." : "";
        if (item.kind == Kind::rest || item.least == 0)
            line += fmt::format(" [{}]{}", item.meta, dots);
        else
            line += fmt::format(" {}{}", item.meta, dots);
    }
    return line;
}

std::string verb_help(const Verb& verb, const Options& options) {
    std::string text =
        fmt::format("quire {}: {}\n\nExamples:\n{}\nUsage: {}\n", verb.name, verb.summary,
                    indented(verb.examples), usage_line(verb, options));
    for (const Options::Item& item : options.items())
        if (item.names.empty()) text += entry(left_of(item), item.help);
    text += "\nOptions:\n";
    for (const Options::Item& item : options.items())
        if (!item.names.empty()) text += entry(left_of(item), item.help);
    text += fmt::format("\nMore: man quire-{}, man quire (addresses)\n", verb.name);
    return text;
}

std::string program_help() {
    std::string text =
        "quire: disk images made, read, edited and checked without root and without mounting\n"
        "\n"
        "Examples:\n"
        "  quire create root.ext4 --from rootfs/       # a directory becomes an image\n"
        "  quire ls -l root.ext4:/etc                  # look into it\n"
        "  quire cp motd root.ext4:/etc/motd           # edit it\n"
        "  quire cat disk.img@p2:/boot/x.ext4:/hello   # an image inside a partition\n"
        "\n"
        "Usage: quire VERB [OPTION]... ADDRESS...\n"
        "An address is SOURCE[@pN|@@OFFSET][:PATH[:PATH]...]; see man quire.\n";
    std::string_view folder;
    for (const ListedVerb& listed : verbs()) {
        if (listed.verb->hidden) continue;
        if (listed.folder != folder) {
            folder = listed.folder;
            text += fmt::format("\n{}\n", heading_of(folder));
        }
        text += fmt::format("  {:<10} {}\n", listed.verb->name, listed.verb->summary);
    }
    return text +
           "\n'quire VERB --help' tells about one of them; 'quire --version' which quire this "
           "is.\n";
}

}  // namespace quire::app
