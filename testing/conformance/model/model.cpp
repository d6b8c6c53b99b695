// SPDX-License-Identifier: MIT

#include "model/model.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>

namespace quire::conformance {

namespace {

using fs::FileType;

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

bool is_below(const std::string& path, const std::string& ancestor) {
    return path.starts_with(ancestor + "/");
}

void put(std::string& content, std::uint64_t offset, const std::string& bytes) {
    content.resize(std::max<std::size_t>(content.size(), offset + bytes.size()));
    std::ranges::copy(bytes, content.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

std::string target_of(const Operation& operation) {
    return "none/" + std::string(operation.number, 't');
}

std::string attribute_of(const Operation& operation) {
    return "user." + std::string(operation.number + 1, 'n');
}

Model::NodePointer Model::at(const std::string& path) const {
    if (path == ".") return top_;
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? nullptr : found->second;
}

Result<void> Model::check_parent(const std::string& path) const {
    const std::string parent = parent_of(path);
    if (parent == ".") return {};
    QUIRE_TRY(check_parent(parent));
    const NodePointer node = at(parent);
    if (!node || node->type == FileType::symbolic_link)
        return fail(std::errc::no_such_file_or_directory);
    if (node->type != FileType::directory) return fail(std::errc::not_a_directory);
    return {};
}

Result<Model::NodePointer> Model::find(const std::string& path) const {
    QUIRE_TRY(check_parent(path));
    NodePointer node = at(path);
    if (!node) return fail(std::errc::no_such_file_or_directory);
    return node;
}

// For operations on content, which would follow a link.
Result<Model::NodePointer> Model::find_file(const std::string& path) const {
    QUIRE_TRY_ASSIGN(NodePointer node, find(path));
    if (node->type == FileType::symbolic_link) return fail(std::errc::no_such_file_or_directory);
    if (node->type == FileType::directory) return fail(std::errc::is_a_directory);
    return node;
}

bool Model::has_children(const std::string& path) const {
    return std::ranges::any_of(nodes_,
                               [&](const auto& entry) { return is_below(entry.first, path); });
}

std::string Model::list(const std::string& path) const {
    std::string names;
    for (const auto& [other, node] : nodes_)
        if (parent_of(other) == path)
            names += other.substr(path == "." ? 0 : path.size() + 1) + " ";
    return names;
}

std::string Model::describe(const std::string& path) const {
    const NodePointer node = at(path);
    auto links = static_cast<std::size_t>(
        std::ranges::count_if(nodes_, [&](const auto& entry) { return entry.second == node; }));
    if (node->type == FileType::directory)
        links =
            2 + static_cast<std::size_t>(std::ranges::count_if(nodes_, [&](const auto& entry) {
                return parent_of(entry.first) == path && entry.second->type == FileType::directory;
            }));
    return fmt::format("type {} permissions {:o} links {} size {}", static_cast<int>(node->type),
                       node->permissions, links,
                       node->type == FileType::directory ? 0 : node->content.size());
}

Result<void> Model::make(const std::string& path, Node node) {
    QUIRE_TRY(check_parent(path));
    if (at(path)) return fail(std::errc::file_exists);
    nodes_[path] = std::make_shared<Node>(std::move(node));
    return {};
}

Result<void> Model::link(const std::string& from, const std::string& to) {
    QUIRE_TRY_ASSIGN(const NodePointer node, find(from));
    QUIRE_TRY(check_parent(to));
    if (at(to)) return fail(std::errc::file_exists);
    if (node->type == FileType::directory) return fail(std::errc::operation_not_permitted);
    nodes_[to] = node;
    return {};
}

Result<void> Model::unlink(const std::string& path) {
    QUIRE_TRY_ASSIGN(const NodePointer node, find(path));
    if (node->type == FileType::directory) return fail(std::errc::is_a_directory);
    nodes_.erase(path);
    return {};
}

Result<void> Model::rmdir(const std::string& path) {
    QUIRE_TRY_ASSIGN(const NodePointer node, find(path));
    if (node->type != FileType::directory) return fail(std::errc::not_a_directory);
    if (has_children(path)) return fail(std::errc::directory_not_empty);
    nodes_.erase(path);
    return {};
}

void Model::move(const std::string& from, const std::string& to) {
    std::map<std::string, NodePointer> moved;
    for (const auto& [path, node] : nodes_) {
        const bool part = path == from || is_below(path, from);
        moved[part ? to + path.substr(from.size()) : path] = node;
    }
    nodes_ = std::move(moved);
}

Result<void> Model::rename(const std::string& from, const std::string& to, Verb verb) {
    QUIRE_TRY(check_parent(from));
    QUIRE_TRY(check_parent(to));
    const NodePointer source = at(from);
    const NodePointer target = at(to);
    if (!source) return fail(std::errc::no_such_file_or_directory);
    if (target && verb == Verb::rename_no_replace) return fail(std::errc::file_exists);
    if (!target && verb == Verb::exchange) return fail(std::errc::no_such_file_or_directory);
    if (is_below(to, from)) return fail(std::errc::invalid_argument);
    if (is_below(from, to))
        return fail(verb == Verb::exchange ? std::errc::invalid_argument
                                           : std::errc::directory_not_empty);
    if (source == target) return {};
    if (verb == Verb::exchange) {
        move(from, "?");
        move(to, from);
        move("?", to);
        return {};
    }
    if (target) {
        const bool directory = source->type == FileType::directory;
        const bool onto_directory = target->type == FileType::directory;
        if (directory && !onto_directory) return fail(std::errc::not_a_directory);
        if (!directory && onto_directory) return fail(std::errc::is_a_directory);
        if (has_children(to)) return fail(std::errc::directory_not_empty);
        nodes_.erase(to);
    }
    move(from, to);
    return {};
}

Result<std::string> Model::run_held(const Operation& operation) {
    NodePointer& held = held_[operation.number];
    switch (operation.verb) {
        case Verb::hold: {
            QUIRE_TRY_ASSIGN(held, find_file(operation.path));
            return "";
        }
        case Verb::write_held:
            if (held) put(held->content, operation.length * 2, operation.bytes());
            return "";
        case Verb::read_held:
            return held ? held->content : "nothing held";
        default:
            held = nullptr;
            return "";
    }
}

Result<std::string> Model::run(const Operation& operation) {
    const std::string& path = operation.path;
    const auto permissions = static_cast<std::uint16_t>(operation.number);
    const auto said_nothing = [](const Result<void>& done) -> Result<std::string> {
        if (!done) return fail(done.error());
        return "";
    };
    switch (operation.verb) {
        case Verb::create:
            return said_nothing(make(path, {FileType::regular, permissions, {}, {}}));
        case Verb::mkdir:
            return said_nothing(make(path, {FileType::directory, permissions, {}, {}}));
        case Verb::symlink:
            return said_nothing(
                make(path, {FileType::symbolic_link, 0777, target_of(operation), {}}));
        case Verb::link:
            return said_nothing(link(path, operation.other));
        case Verb::unlink:
            return said_nothing(unlink(path));
        case Verb::rmdir:
            return said_nothing(rmdir(path));
        case Verb::rename:
        case Verb::rename_no_replace:
        case Verb::exchange:
            return said_nothing(rename(path, operation.other, operation.verb));
        case Verb::write: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find_file(path));
            put(node->content, operation.number, operation.bytes());
            return std::to_string(operation.length);
        }
        case Verb::read: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find_file(path));
            return operation.number < node->content.size()
                       ? node->content.substr(operation.number, operation.length)
                       : "";
        }
        case Verb::truncate: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find_file(path));
            node->content.resize(operation.number);
            return "";
        }
        case Verb::reserve: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find_file(path));
            node->content.resize(
                std::max<std::size_t>(node->content.size(), operation.number + operation.length));
            return "";
        }
        case Verb::punch: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find_file(path));
            const std::size_t size = node->content.size();
            put(node->content, operation.number, std::string(operation.length, '\0'));
            node->content.resize(size);
            return "";
        }
        case Verb::chmod: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find(path));
            if (node->type == FileType::symbolic_link)
                return fail(std::errc::no_such_file_or_directory);
            node->permissions = permissions;
            return "";
        }
        case Verb::set_attribute: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find(path));
            if (node->type == FileType::symbolic_link)
                return fail(std::errc::operation_not_permitted);
            node->extended[attribute_of(operation)] = operation.bytes();
            return "";
        }
        case Verb::get_attribute: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find(path));
            const auto found = node->extended.find(attribute_of(operation));
            if (found == node->extended.end()) return fail(std::errc(ENODATA));
            return found->second;
        }
        case Verb::remove_attribute: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find(path));
            if (node->type == FileType::symbolic_link)
                return fail(std::errc::operation_not_permitted);
            if (node->extended.erase(attribute_of(operation)) == 0) return fail(std::errc(ENODATA));
            return "";
        }
        case Verb::list: {
            QUIRE_TRY_ASSIGN(const NodePointer node, find(path));
            if (node->type == FileType::symbolic_link)
                return fail(std::errc::no_such_file_or_directory);
            if (node->type != FileType::directory) return fail(std::errc::not_a_directory);
            return list(path);
        }
        case Verb::stat: {
            QUIRE_TRY(find(path));
            return describe(path);
        }
        case Verb::hold:
        case Verb::write_held:
        case Verb::read_held:
        case Verb::drop:
            return run_held(operation);
        case Verb::remount:
            held_ = {};
            return "";
        case Verb::sync:
            return "";
    }
    return "";
}

}  // namespace quire::conformance
