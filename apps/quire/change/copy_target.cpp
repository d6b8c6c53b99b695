// SPDX-License-Identifier: MIT

#include "change/copy_target.hpp"

#include <fmt/core.h>

#include "quire/base/name.hpp"

namespace quire::app {

namespace {

// Whether the text ends in `.`, which Path leaves out although `dir/.` means what is in it.
bool ends_in_dot(std::string_view text) {
    while (text.ends_with('/')) text.remove_suffix(1);
    return text == "." || text.ends_with("/.") || text.ends_with(":.");
}

bool is_missing(const Error& error) {
    return error == std::errc::no_such_file_or_directory;
}

Result<void> find_name(const fs::Call& call, Spot& spot) {
    fs::Tree& tree = *spot.place.tree;
    const Path& path = spot.place.path;
    if (path.empty() || path.components().back().is_up() || ends_in_dot(spot.place.text)) {
        QUIRE_TRY_ASSIGN(spot.node, tree.walk(call, path));
        if (spot.node->type() != fs::FileType::directory) return fail(std::errc::not_a_directory);
        return {};
    }
    QUIRE_TRY_ASSIGN(fs::Parent parent, tree.walk_parent(call, path));
    spot.directory = std::move(parent.directory);
    spot.name = std::move(parent.name);
    auto node = tree.lookup(call, spot.directory, *spot.name);
    if (!node && is_missing(node.error())) return {};
    if (!node) return fail(std::move(node).error());
    spot.node = *std::move(node);
    if (spot.must_be_directory) {
        QUIRE_TRY_ASSIGN(spot.node, tree.walk(call, path));
        if (spot.node->type() != fs::FileType::directory) return fail(std::errc::not_a_directory);
    }
    return {};
}

}  // namespace

Result<Spot> find_spot(Session& session, const std::string& address, assembly::Access access) {
    QUIRE_TRY_ASSIGN(const assembly::Address parsed, assembly::Address::parse(address));
    Spot spot;
    QUIRE_TRY_ASSIGN(spot.place, session.assembler().locate(parsed, access, assembly::Bare::host));
    spot.must_be_directory = spot.place.path.must_be_directory();
    if (auto found = find_name(session.call(), spot); !found)
        return fail(std::move(found).error().within(printable(address)));
    return spot;
}

std::string Target::shown(const std::optional<Name>& source) const {
    if (!into || !source) return spot.place.text;
    return spot.place.text_of(source->text());
}

Result<Target> find_target(Session& session, const std::string& address, TargetKind kind,
                           assembly::Access access) {
    Target target;
    QUIRE_TRY_ASSIGN(target.spot, find_spot(session, address, access));
    Spot& spot = target.spot;
    if (kind == TargetKind::name) return target;
    fs::NodeReference node = spot.node;
    if (node && node->type() == fs::FileType::symbolic_link) {
        auto behind = spot.place.tree->walk(session.call(), spot.place.path);
        if (behind) node = *std::move(behind);
    }
    if (node && node->type() == fs::FileType::directory)
        target.into = std::move(node);
    else if (kind == TargetKind::directory)
        return fail(node ? std::errc::not_a_directory : std::errc::no_such_file_or_directory,
                    fmt::format("target '{}'", printable(address)));
    return target;
}

Result<Operands> split_operands(Session& session, std::vector<std::string> words,
                                const std::optional<std::string>& directory, bool no_directory) {
    Operands operands;
    if (directory) {
        if (no_directory) return session.usage("-t and -T exclude each other");
        operands.destination = *directory;
        operands.kind = TargetKind::directory;
    } else {
        if (words.size() < 2)
            return session.usage(
                fmt::format("the destination after '{}' is missing", printable(words.back())));
        operands.destination = std::move(words.back());
        words.pop_back();
        if (no_directory && words.size() > 1)
            return session.usage("-T takes one source and one destination");
        if (no_directory)
            operands.kind = TargetKind::name;
        else if (words.size() > 1)
            operands.kind = TargetKind::directory;
    }
    operands.sources = std::move(words);
    return operands;
}

void ChangeListener::done(transfer::Action action, std::string_view from, std::string_view to) {
    if (!session_.manner().dry_run) return listener_.done(action, from, to);
    if (action == transfer::Action::skipped) return;
    session_.out().print("{} -> {}\n", session_.shown(from), session_.shown(to));
}

}  // namespace quire::app
