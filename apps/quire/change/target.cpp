// SPDX-License-Identifier: MIT

#include "change/target.hpp"

#include <fmt/core.h>

#include "quire/base/name.hpp"
#include "quire/transfer/walker.hpp"

namespace quire::app {

using assembly::Access;
using assembly::Bare;
using assembly::Location;

std::unexpected<Error> about(const std::string& shown, Error error) {
    return std::unexpected(std::move(error).within(printable(shown)));
}

void report_about(Session& session, const std::string& shown, Error error) {
    session.report(std::move(error).within(printable(shown)));
}

Result<Location> open_target(Session& session, const std::string& address) {
    QUIRE_TRY_ASSIGN(const assembly::Address parsed, assembly::Address::parse(address));
    const Access access = session.manner().dry_run ? Access::read : Access::write;
    return session.assembler().locate(parsed, access, Bare::host);
}

std::vector<Location> open_targets(Session& session, const std::vector<std::string>& addresses) {
    std::vector<Location> places;
    for (const std::string& address : addresses) {
        if (auto place = open_target(session, address))
            places.push_back(*std::move(place));
        else
            session.report(place.error());
    }
    return places;
}

Result<fs::NodeReference> find_node(Session& session, const Location& place, fs::Follow follow) {
    auto node = place.tree->walk(session.call(), place.path, follow);
    if (!node) return about(place.text, std::move(node).error());
    return node;
}

Result<fs::Attributes> find_reference(Session& session, const std::string& address,
                                      fs::Follow follow) {
    QUIRE_TRY_ASSIGN(const assembly::Address parsed, assembly::Address::parse(address));
    QUIRE_TRY_ASSIGN(const Location place,
                     session.assembler().locate(parsed, Access::read, Bare::host));
    QUIRE_TRY_ASSIGN(const fs::NodeReference node, find_node(session, place, follow));
    auto attributes = place.tree->attributes(session.call(), node);
    if (!attributes) return about(address, std::move(attributes).error());
    return attributes;
}

Result<fs::NodeReference> find_or_make_file(fs::Tree& tree, const fs::Call& call,
                                            const Path& path) {
    constexpr int most_links = 40;
    fs::NodeReference start = tree.root();
    Path at = path;
    for (int links = 0; links <= most_links; ++links) {
        auto found = tree.walk(call, start, at, fs::Follow::yes);
        if (found || found.error() != std::errc::no_such_file_or_directory) return found;
        QUIRE_TRY_ASSIGN(fs::Parent parent, tree.walk_parent(call, start, at));
        auto last = tree.lookup(call, parent.directory, parent.name);
        if (!last && last.error() != std::errc::no_such_file_or_directory) return last;
        if (!last) {
            if (parent.must_be_directory) return fail(std::errc::no_such_file_or_directory);
            return tree.create(call, parent.directory, parent.name, 0666);
        }
        if ((*last)->type() != fs::FileType::symbolic_link) return last;
        QUIRE_TRY_ASSIGN(const std::string text, tree.read_link(call, *last));
        QUIRE_TRY_ASSIGN(at, Path::parse(text));
        start = parent.directory;
    }
    return fail(std::errc::too_many_symbolic_link_levels);
}

void change_all(Session& session, const Location& place, const fs::NodeReference& start,
                const ChangeNode& change) {
    using Kind = transfer::Step::Kind;
    transfer::Walker walker(place.tree, session.call(), start);
    while (auto step = walker.next()) {
        if (step->kind == Kind::leave) continue;
        const std::string shown = place.text_of(step->path);
        if (step->kind == Kind::problem) {
            report_about(session, shown, *std::move(step->error));
            continue;
        }
        if (auto changed = change(step->node, step->attributes, shown); !changed)
            report_about(session, shown, std::move(changed).error());
    }
}

void say_done(Session& session, std::string_view done, const std::string& shown) {
    if (session.manner().dry_run)
        session.out().print("would have {} {}\n", done, session.shown(shown));
    else if (session.manner().verbose)
        session.out().print("{} {}\n", done, session.shown(shown));
}

bool ends_in_dots(std::string_view address) {
    while (address.ends_with('/')) address.remove_suffix(1);
    const std::size_t before = address.find_last_of("/:");
    if (before != address.npos) address.remove_prefix(before + 1);
    return address == "." || address == "..";
}

}  // namespace quire::app
