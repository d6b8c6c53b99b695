// SPDX-License-Identifier: MIT

#include "tests/authority/authority_model.hpp"

namespace quire::server {

AuthorityModel::AuthorityModel() {
    nodes_.push_back({root, "", Kind::directory, 0, 0755, ""});
}

AuthorityModel::Id AuthorityModel::add(Id directory, const std::string& name, Kind kind,
                                       std::uint32_t uid, unsigned mode, const std::string& text) {
    nodes_.push_back({directory, name, kind, uid, mode, text});
    return nodes_.size() - 1;
}

std::optional<AuthorityModel::Id> AuthorityModel::child(Id directory, std::string_view name) const {
    for (Id id = 1; id < nodes_.size(); ++id) {
        const Node& node = nodes_[id];
        if (!node.removed && node.parent == directory && node.name == name) return id;
    }
    return std::nullopt;
}

bool AuthorityModel::is_below(Id node, Id top) const {
    while (node != top && node != root) node = nodes_[node].parent;
    return node == top;
}

bool AuthorityModel::may(const Grant& grant, Id node, int mask) const {
    const Node& what = nodes_[node];
    const unsigned bits = what.uid == grant.uid ? what.mode >> 6U : what.mode;
    return grant.uid == 0 || (static_cast<unsigned>(mask) & ~bits) == 0;
}

std::optional<AuthorityModel::Id> AuthorityModel::walk(const Grant& grant, Id from,
                                                       std::string_view path, int links) const {
    Id at = path.starts_with('/') ? grant.top : from;
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(path.size(), name.size() + 1));
        if (name.empty()) continue;
        if (nodes_[at].kind != Kind::directory || !may(grant, at, X_OK)) return std::nullopt;
        if (name == "..") {
            if (at != grant.top) at = nodes_[at].parent;
            continue;
        }
        const auto next = child(at, name);
        if (!next) return std::nullopt;
        if (nodes_[*next].kind != Kind::link) {
            at = *next;
            continue;
        }
        if (links >= 40) return std::nullopt;
        const std::string onward = nodes_[*next].text + "/" + std::string(path);
        return walk(grant, at, onward, links + 1);
    }
    return at;
}

std::optional<AuthorityModel::Place> AuthorityModel::find_place(const Grant& grant,
                                                                std::string_view path) const {
    const std::size_t slash = path.rfind('/') + 1;
    const auto directory = find(grant, path.substr(0, slash));
    if (!directory || nodes_[*directory].kind != Kind::directory || !may(grant, *directory, X_OK))
        return std::nullopt;
    return Place{*directory, std::string(path.substr(slash))};
}

std::optional<AuthorityModel::Id> AuthorityModel::opened(const Grant& grant, std::string_view path,
                                                         Kind kind, bool write) const {
    const auto node = find(grant, path);
    if (!node || nodes_[*node].kind != kind || (write && grant.read_only)) return std::nullopt;
    if (!may(grant, *node, write ? R_OK | W_OK : R_OK)) return std::nullopt;
    return node;
}

std::optional<std::string> AuthorityModel::read(const Grant& grant, std::string_view path) const {
    const auto file = opened(grant, path, Kind::file, false);
    return file ? std::optional(nodes_[*file].text) : std::nullopt;
}

bool AuthorityModel::write(const Grant& grant, std::string_view path, const std::string& content) {
    const auto file = opened(grant, path, Kind::file, true);
    if (file) nodes_[*file].text = content;
    return file.has_value();
}

bool AuthorityModel::create(const Grant& grant, std::string_view path, unsigned mode,
                            const std::string& content) {
    const auto place = find_place(grant, path);
    if (!place || !may_change(grant, place->directory) || child(place->directory, place->name))
        return false;
    add(place->directory, place->name, Kind::file, grant.uid, mode, content);
    return true;
}

bool AuthorityModel::remove(const Grant& grant, std::string_view path) {
    const auto place = find_place(grant, path);
    if (!place || !may_change(grant, place->directory)) return false;
    const auto node = child(place->directory, place->name);
    if (!node || nodes_[*node].kind == Kind::directory) return false;
    nodes_[*node].removed = true;
    return true;
}

bool AuthorityModel::rename(const Grant& grant, std::string_view from, std::string_view to) {
    const auto source = find_place(grant, from);
    const auto target = find_place(grant, to);
    if (!source || !target || !may_change(grant, source->directory) ||
        !may_change(grant, target->directory) || child(target->directory, target->name))
        return false;
    const auto node = child(source->directory, source->name);
    if (!node || is_below(target->directory, *node)) return false;
    Node& moved = nodes_[*node];
    // Its `..` changes.
    if (moved.kind == Kind::directory && source->directory != target->directory &&
        !may(grant, *node, W_OK))
        return false;
    moved.parent = target->directory;
    moved.name = target->name;
    return true;
}

std::set<std::string> AuthorityModel::names(Id directory) const {
    std::set<std::string> names;
    for (Id id = 1; id < nodes_.size(); ++id)
        if (!nodes_[id].removed && nodes_[id].parent == directory) names.insert(nodes_[id].name);
    return names;
}

std::optional<std::set<std::string>> AuthorityModel::list(const Grant& grant,
                                                          std::string_view path) const {
    const auto directory = opened(grant, path, Kind::directory, false);
    return directory ? std::optional(names(*directory)) : std::nullopt;
}

std::optional<AuthorityModel::Grant> AuthorityModel::narrow(const Grant& grant,
                                                            std::string_view path,
                                                            bool read_only) const {
    const auto top = find(grant, path);
    if (!top || nodes_[*top].kind != Kind::directory || !may(grant, *top, X_OK))
        return std::nullopt;
    return Grant{*top, grant.uid, grant.read_only || read_only};
}

}  // namespace quire::server
