// SPDX-License-Identifier: MIT

#include "tar/tar_names.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "quire/transfer/exclude.hpp"

namespace quire::transfer {

TarPlan::Names::Names(std::uint32_t block_size) : cost_(block_size) {
    nodes_.push_back({.parent = root, .name = {}, .is_directory = true, .object = {}});
    by_path_.emplace("", root);
}

TarPlan::Names::Index TarPlan::Names::child(Index directory, const std::string& path,
                                            const Name& name) {
    const auto [found, added] = by_path_.try_emplace(path, static_cast<Index>(nodes_.size()));
    if (added)
        nodes_.push_back(
            {.parent = directory, .name = name.text(), .is_directory = false, .object = {}});
    return found->second;
}

// The node of a path, with all directories on the way; nothing when it is excluded.
Result<std::optional<TarPlan::Names::Index>> TarPlan::Names::enter(const MemberPath& path,
                                                                   const PackOptions& options) {
    Index current = root;
    std::string text;
    for (const Name& name : path.names) {
        if (!text.empty()) text += '/';
        text += name.text();
        if (is_excluded(options.exclude, text)) return std::nullopt;
    }
    text.clear();
    for (const Name& name : path.names) {
        Node& around = nodes_[current];
        if (around.object)
            return fail(std::errc::not_a_directory, "what it would lie in is no directory");
        around.is_directory = true;
        if (!text.empty()) text += '/';
        text += name.text();
        current = child(current, text, name);
    }
    return current;
}

void TarPlan::Names::give(Index name, std::uint64_t object) {
    if (nodes_[name].object) std::erase(names_[*nodes_[name].object], name);
    nodes_[name].object = object;
    names_[object].push_back(name);
}

Result<void> TarPlan::Names::take_link(std::uint64_t number, Index name,
                                       const ArchiveEntry& entry) {
    QUIRE_TRY_ASSIGN(const MemberPath target, MemberPath::parse(entry.target));
    const auto found = by_path_.find(target.text());
    if (found == by_path_.end() || !nodes_[found->second].object)
        return fail(std::errc::no_such_file_or_directory,
                    fmt::format("the file that it is a hard link to, {}, is not in the archive",
                                printable(entry.target)));
    const std::uint64_t object = *nodes_[found->second].object;
    give(name, object);
    // Some archives (cpio) have the content with the last name instead of the first: from there on
    // it is this entry that brings the object.
    if (entry.attributes.size > 0 && entry.attributes.type == fs::FileType::regular) {
        cost_.node(entry.path, entry.attributes, entry.extended);
        for (const Index other : std::vector<Index>(names_[object])) give(other, number);
    }
    return {};
}

Result<void> TarPlan::Names::take(std::uint64_t number, const ArchiveEntry& entry,
                                  const PackOptions& options) {
    QUIRE_TRY_ASSIGN(const MemberPath path, MemberPath::parse(entry.path));
    QUIRE_TRY_ASSIGN(const std::optional<Index> entered, enter(path, options));
    if (!entered) return {};
    const Index name = *entered;
    if (entry.attributes.type == fs::FileType::directory && !entry.hard_link) {
        if (nodes_[name].object) std::erase(names_[*nodes_[name].object], name);
        nodes_[name].object.reset();
        nodes_[name].is_directory = true;
        if (const auto before = describing_.find(name); before != describing_.end())
            described_.erase(before->second);
        describing_[name] = number;
        described_[number] = name;
        cost_.node(entry.path, entry.attributes, entry.extended);
        return {};
    }
    if (nodes_[name].is_directory)
        return fail(std::errc::is_a_directory, "a directory of that name is in its place");
    if (entry.hard_link) return take_link(number, name, entry);
    if (entry.attributes.type == fs::FileType::unknown)
        return fail(std::errc::invalid_argument, "its type is not known");
    give(name, number);
    cost_.node(entry.path, entry.attributes, entry.extended);
    return {};
}

void TarPlan::Names::close() {
    by_path_.clear();
    for (Index i = 1; i < nodes_.size(); ++i) {
        const Node& node = nodes_[i];
        if (!node.is_directory && !node.object) continue;
        nodes_[node.parent].name_bytes += cost_.name(node.name);
        if (node.is_directory && !describing_.contains(i)) cost_.node(node.name, {}, {});
    }
    for (const Node& node : nodes_)
        if (node.is_directory) cost_.directory(node.name_bytes);
    size_ = cost_.finish();
}

std::optional<TarPlan::Names::Index> TarPlan::Names::described_by(std::uint64_t number) const {
    const auto found = described_.find(number);
    if (found == described_.end()) return std::nullopt;
    return found->second;
}

std::vector<TarPlan::Names::Index> TarPlan::Names::named_by(std::uint64_t number) const {
    const auto found = names_.find(number);
    return found == names_.end() ? std::vector<Index>() : found->second;
}

}  // namespace quire::transfer
