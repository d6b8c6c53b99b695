// SPDX-License-Identifier: MIT

// Nodes and their counts.
//
// A volume counts every entry it hands out and wants each answered by reclaim(), while here one
// Node object stands for all of them, so that many holders share it. A node may die in one thread
// while another one finds it again: the map keeps the lookups owed per cookie, and how many Node
// objects (the dying and the new) still count on them.

#include "quire/fs/tree.hpp"

#include <unistd.h>

#include "files/content.hpp"
#include "tree_turn.hpp"
#include "tree_up_to_date.hpp"

namespace quire::fs {

Tree::Tree(std::shared_ptr<Volume> volume)
    : volume_(std::move(volume)),
      turns_(volume_->thread_model()),
      watchers_(std::make_unique<TreeWatchers>()) {}

void Tree::watch(const std::shared_ptr<TreeWatcher>& watcher) {
    watchers_->add(watcher);
}

Node::~Node() {
    tree_->forget(cookie_);
}

Result<std::shared_ptr<Tree>> Tree::open(std::shared_ptr<Volume> volume) {
    std::shared_ptr<Tree> tree(new Tree(std::move(volume)));
    QUIRE_TRY_ASSIGN(tree->root_, tree->volume_->root(Call::as_root()));
    return tree;
}

Tree::~Tree() {
    if (!unmounted_ && root_.attributes.type != FileType::unknown) volume_->reclaim(root_.node, 1);
}

NodeReference Tree::root() {
    return adopt(root_, 0);
}

NodeReference Tree::adopt(const Entry& entry, std::uint64_t lookups) {
    const std::lock_guard lock(nodes_mutex_);
    Held& held = nodes_[entry.node];
    held.lookups += lookups;
    if (NodeReference node = held.node.lock()) return node;
    const Handle handle{entry.attributes.inode, entry.attributes.generation};
    NodeReference node(new Node(shared_from_this(), entry.node, entry.attributes.type, handle));
    held.node = node;
    ++held.holders;
    return node;
}

void Tree::forget(Cookie cookie) {
    std::uint64_t lookups = 0;
    {
        const std::lock_guard lock(nodes_mutex_);
        const auto found = nodes_.find(cookie);
        if (--found->second.holders > 0) return;
        lookups = found->second.lookups;
        nodes_.erase(found);
    }
    if (lookups == 0) return;
    const Turn turn(*this);
    volume_->reclaim(cookie, lookups);
}

std::shared_ptr<Content> Tree::content_of(const Node& node) {
    const std::lock_guard lock(nodes_mutex_);
    std::weak_ptr<Content>& place = nodes_.at(node.cookie()).content;
    if (auto content = place.lock()) return content;
    auto content = std::make_shared<Content>();
    place = content;
    return content;
}

void Tree::bring_up_to_date(Cookie node) {
    if (lent_ == 0) return;
    std::shared_ptr<Content> content;
    {
        const std::lock_guard lock(nodes_mutex_);
        const auto found = nodes_.find(node);
        if (found != nodes_.end()) content = found->second.content.lock();
    }
    if (content) content->lending.bring_up_to_date();
}

void Tree::bring_up_to_date() {
    if (lent_ == 0) return;
    std::vector<std::shared_ptr<Content>> contents;
    {
        const std::lock_guard lock(nodes_mutex_);
        for (const auto& [node, held] : nodes_)
            if (auto content = held.content.lock()) contents.push_back(std::move(content));
    }
    for (const auto& content : contents) content->lending.bring_up_to_date();
}

Result<Found> Tree::ask(const Call& call, const NodeReference& directory, const Name& name) {
    return up_to_date(call, [&] {
        const Turn turn(*this);
        return volume_->lookup(call, directory->cookie(), name);
    });
}

Result<NodeReference> Tree::above(const Call& call, const NodeReference& directory) {
    if (directory->cookie() == root_.node) return directory;
    Result<Entry> entry = [&] {
        const Turn turn(*this);
        return volume_->parent(call, directory->cookie());
    }();
    if (!entry) return fail(std::move(entry).error());
    return adopt(*entry);
}

Result<Found> Tree::find(const Call& call, const NodeReference& directory, const Name& name) {
    QUIRE_TRY(check_search(call, directory));
    return ask(call, directory, name);
}

Result<NodeReference> Tree::lookup(const Call& call, const NodeReference& directory,
                                   const Name& name) {
    QUIRE_TRY_ASSIGN(Found found, find(call, directory, name));
    return std::move(found.node);
}

Result<NodeReference> Tree::parent(const Call& call, const NodeReference& directory) {
    QUIRE_TRY(check_search(call, directory));
    return above(call, directory);
}

Result<std::string> Tree::read_link(const Call& call, const NodeReference& node) {
    const Turn turn(*this, node->cookie());
    return volume_->readlink(call, node->cookie());
}

Result<void> Tree::list(const Call& call, const NodeReference& directory, Position from,
                        WithAttributes with, const EntrySink& sink) {
    if (directory->type() != FileType::directory) return fail(std::errc::not_a_directory);
    QUIRE_TRY(access(call, directory, R_OK));
    // Who may list names but not search the directory may not learn attributes.
    if (with == WithAttributes::yes && !access(call, directory, X_OK)) with = WithAttributes::no;
    if (with == WithAttributes::yes) bring_up_to_date();
    if (volume_->thread_model() == ThreadModel::parallel)
        return volume_->readdir(call, directory->cookie(), from, with, sink);

    // The sink may call back into this tree, so it must not run inside a turn: fetch in batches.
    struct Kept {
        std::string name;
        DirectoryEntry entry;
        Attributes attributes;
    };
    constexpr std::size_t batch_size = 256;
    std::vector<Kept> batch;
    for (bool more = true; more;) {
        batch.clear();
        {
            const Turn turn(*this, directory->cookie());
            QUIRE_TRY(volume_->readdir(
                call, directory->cookie(), from, with, [&](const DirectoryEntry& entry) {
                    batch.push_back({std::string(entry.name), entry,
                                     entry.attributes ? *entry.attributes : Attributes()});
                    return batch.size() < batch_size;
                }));
        }
        more = batch.size() == batch_size;
        for (Kept& kept : batch) {
            kept.entry.name = kept.name;
            if (kept.entry.attributes) kept.entry.attributes = &kept.attributes;
            if (!sink(kept.entry)) return {};
            from = kept.entry.next;
        }
    }
    return {};
}

Result<VolumeStatistics> Tree::statistics(const Call& call) {
    const Turn turn(*this);
    return volume_->statistics(call);
}

Result<void> Tree::sync(const Call& call) {
    bring_up_to_date();
    const Turn turn(*this);
    return volume_->sync(call);
}

Result<void> Tree::unmount(const Call& call) {
    {
        const std::lock_guard lock(nodes_mutex_);
        if (!nodes_.empty())
            return fail(std::errc::device_or_resource_busy, "files or directories are still open");
    }
    const Turn turn(*this);
    if (!unmounted_) volume_->reclaim(root_.node, 1);
    unmounted_ = true;
    return volume_->unmount(call, false);
}

}  // namespace quire::fs
