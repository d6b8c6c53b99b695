// SPDX-License-Identifier: MIT

#include "check/loader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "quire/base/name.hpp"
#include "syntax/parse.hpp"

namespace quire::idl {

namespace {

bool is_stem_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_directory_character(char c) {
    return is_stem_character(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
}

// Relative, and down only.
bool is_includable(std::string_view name) {
    constexpr std::size_t longest_name = 200;
    if (name.size() > longest_name) return false;
    std::string_view rest = name;
    for (std::size_t slash; (slash = rest.find('/')) != rest.npos;) {
        const std::string_view part = rest.substr(0, slash);
        if (part.empty() || part == "." || part == ".." ||
            !std::all_of(part.begin(), part.end(), is_directory_character))
            return false;
        rest.remove_prefix(slash + 1);
    }
    return !stem_of(name).empty();
}

}  // namespace

std::string stem_of(std::string_view path) {
    constexpr std::string_view ending = ".idl";
    if (const std::size_t slash = path.rfind('/'); slash != path.npos)
        path.remove_prefix(slash + 1);
    if (!path.ends_with(ending)) return {};
    path.remove_suffix(ending.size());
    if (path.empty() || path.front() < 'a' || path.front() > 'z' ||
        !std::all_of(path.begin(), path.end(), is_stem_character))
        return {};
    return std::string(path);
}

Result<void> Loader::load(const std::string& path) {
    auto text = reader_.read(path);
    if (!text && text.error() == std::errc::file_too_large) {
        const lang::Source& source = model_.sources.emplace_back(path, "");
        report(diagnostics_, Wrong::source_too_large, {&source, 0, 0}, text.error().sentence());
        return {};
    }
    if (!text) return fail(std::move(text).error());
    identities_.emplace(path, text->identity);
    read(path, *std::move(text));
    return {};
}

const File* Loader::read(const std::string& path, lang::Reader::Text text) {
    const std::string identity = std::move(text.identity);
    by_identity_[identity] = {};
    const lang::Source& source = model_.sources.emplace_back(path, std::move(text.text));
    ast::File parsed = parse(source, diagnostics_, limits_, declarations_);
    File made;
    made.source = &source;
    made.stem = stem_of(path);
    made.doc = parsed.doc;
    stems_.emplace(made.stem, identity);
    for (const ast::Include& one : parsed.includes) {
        if (diagnostics_.full()) break;
        const File* file = include(one);
        if (file &&
            std::find(made.includes.begin(), made.includes.end(), file) == made.includes.end())
            made.includes.push_back(file);
    }
    parsed_.push_back(std::move(parsed));
    File& kept = model_.files.emplace_back(std::move(made));
    by_identity_[identity].file = &kept;
    return &kept;
}

bool Loader::check_include(const ast::Include& include) {
    if (include.late)
        report(diagnostics_, Wrong::include_late, include.span,
               "an include stands before all declarations");
    if (is_includable(include.file())) return true;
    report(diagnostics_, Wrong::include_name, include.span,
           fmt::format("a file of this name cannot be included"),
           "the name is relative, does not climb, and ends in a snake_case name with .idl");
    return false;
}

const File* Loader::include(const ast::Include& include) {
    std::string path;
    lang::Reader::Text text;
    if (!check_include(include) || !find(include, path, text)) return nullptr;
    if (const auto at = by_identity_.find(text.identity); at != by_identity_.end())
        return known(include, at->second);
    if (by_identity_.size() >= limits_.files || depth_ >= limits_.include_depth) {
        report(diagnostics_, Wrong::too_many_includes, include.span,
               depth_ >= limits_.include_depth
                   ? fmt::format("includes are deeper than {} levels", limits_.include_depth)
                   : fmt::format("more than {} files", limits_.files));
        return nullptr;
    }
    const auto stem = stems_.find(stem_of(path));
    if (stem != stems_.end()) {
        report(diagnostics_, Wrong::include_same_header, include.span,
               fmt::format("another file of this compilation is called {}.idl", stem->first),
               "their headers would be one file; rename one of them");
        return nullptr;
    }
    ++depth_;
    const File* file = read(path, std::move(text));
    --depth_;
    return file;
}

const File* Loader::known(const ast::Include& include, const Known& known) {
    if (!known.file)
        report(diagnostics_, Wrong::include_cycle, include.span,
               fmt::format("`{}` includes itself, perhaps through others", include.file()),
               "interfaces that refer to each other live in one file");
    return known.file;
}

bool Loader::find(const ast::Include& include, std::string& path, lang::Reader::Text& text) {
    std::vector<std::string> places{
        std::filesystem::path(include.span.source->name()).parent_path().string()};
    places.insert(places.end(), directories_.begin(), directories_.end());
    for (const std::string& place : places) {
        path = (std::filesystem::path(place) / include.file()).string();
        if (const auto at = identities_.find(path); at != identities_.end()) {
            text.identity = at->second;
            return true;
        }
        auto read = reader_.read(path);
        if (read) {
            text = *std::move(read);
            identities_.emplace(path, text.identity);
            return true;
        }
        const Error& error = read.error();
        if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory)
            continue;
        const bool large = error == std::errc::file_too_large;
        report(diagnostics_, large ? Wrong::source_too_large : Wrong::include_unreadable,
               include.span, error.message());
        return false;
    }
    report(diagnostics_, Wrong::include_not_found, include.span,
           fmt::format("there is no file `{}`", include.file()),
           directories_.empty() ? "it is looked for beside this file; more places with -I" : "");
    return false;
}

}  // namespace quire::idl
