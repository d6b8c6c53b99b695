// SPDX-License-Identifier: MIT

#include "content/blocks/extent_tree.hpp"

#include <algorithm>

#include "content/block_io.hpp"

namespace quire::ext {

namespace {

/// The last entry that begins at or before `logical`, or the first one.
std::size_t choose(const TreeNode& node, std::uint64_t logical) {
    const auto after = std::ranges::upper_bound(node.entries, logical, {}, &TreeEntry::logical);
    return after == node.entries.begin()
               ? 0
               : static_cast<std::size_t>(after - node.entries.begin()) - 1;
}

Result<bool> walk_below(ext2_filsys fs, const InodeRecord& inode, TreeNode& node,
                        std::uint64_t first, std::uint64_t end,
                        const std::function<bool(const TreeNode&)>& visit) {
    if (node.is_leaf()) return visit(node);
    for (node.chosen = choose(node, first); node.chosen < node.entries.size(); ++node.chosen) {
        if (node.entries[node.chosen].logical >= end) break;
        QUIRE_TRY_ASSIGN(TreeNode child, load_child(fs, inode, node));
        QUIRE_TRY_ASSIGN(const bool more, walk_below(fs, inode, child, first, end, visit));
        if (!more) return false;
    }
    return true;
}

}  // namespace

Result<void> walk_leaves(ext2_filsys fs, const InodeRecord& inode, std::uint64_t first,
                         std::uint64_t end, const std::function<bool(const TreeNode&)>& visit) {
    QUIRE_TRY_ASSIGN(TreeNode root, load_root(fs, inode));
    QUIRE_TRY(walk_below(fs, inode, root, first, end, visit));
    return {};
}

void append_extent(std::vector<TreeEntry>& list, TreeEntry extent) {
    const std::uint64_t longest = longest_extent(extent.unwritten);
    if (!list.empty()) {
        TreeEntry& last = list.back();
        if (last.unwritten == extent.unwritten && last.end() == extent.logical &&
            last.physical + last.count == extent.physical) {
            const std::uint64_t part = std::min(extent.count, longest - last.count);
            last.count += part;
            extent.logical += part;
            extent.physical += part;
            extent.count -= part;
        }
    }
    while (extent.count > 0) {
        TreeEntry part = extent;
        part.count = std::min(extent.count, longest);
        list.push_back(part);
        extent.logical += part.count;
        extent.physical += part.count;
        extent.count -= part.count;
    }
}

Result<ExtentPath> ExtentPath::find(Access access, InodeRecord& inode, std::uint64_t logical) {
    ExtentPath path(access, inode);
    QUIRE_TRY_ASSIGN(TreeNode node, load_root(access.fs, inode));
    for (;;) {
        node.chosen = choose(node, logical);
        // The first child also answers for what lies before its key.
        if (!node.is_leaf() && node.chosen > 0) path.low_ = node.entries[node.chosen].logical;
        path.path_.push_back(std::move(node));
        if (path.path_.back().is_leaf()) return path;
        QUIRE_TRY_ASSIGN(node, load_child(access.fs, inode, path.path_.back()));
    }
}

Result<void> ExtentPath::replace_leaf(std::vector<TreeEntry> extents, std::size_t spare) {
    spare_ = spare;
    const InodeRecord before = inode_;
    QUIRE_TRY(reserve(extents.size()));
    const auto growth = static_cast<std::int64_t>(reserved_.size());
    auto done = inode_.account(access_.fs, growth);
    if (done) done = replace(path_.size() - 1, std::move(extents));
    if (done) done = flatten();
    if (!done) {
        // A device that fails leaves the blocks it has written; what the inode holds decides.
        inode_ = before;
        return done;
    }
    QUIRE_TRY(inode_.account(access_.fs, -static_cast<std::int64_t>(freed_.size())));
    for (const std::uint64_t block : freed_)
        access_.allocator.release({block, 1}, BlockUse::metadata);
    return {};
}

/// How many entries a node of this level may get.
std::size_t ExtentPath::room_at(std::size_t level) const {
    return (level == 0 ? root_capacity : node_capacity(access_.fs)) -
           (level + 1 == path_.size() ? spare_ : 0);
}

/// Takes the blocks that splitting will need, all or none.
Result<void> ExtentPath::reserve(std::size_t leaf_entries) {
    std::size_t wanted = 0;
    std::size_t entries = leaf_entries;
    bool deepens = false;
    for (std::size_t level = path_.size(); level-- > 0;) {
        if (entries <= room_at(level)) break;
        const bool is_leaf = level + 1 == path_.size();
        const std::size_t room = node_capacity(access_.fs) - (is_leaf ? spare_ : 0);
        const std::size_t parts = (entries + room - 1) / room;
        deepens = level == 0;
        wanted += deepens ? parts : parts - 1;
        if (!deepens) entries = path_[level - 1].entries.size() + parts - 1;
    }
    if (deepens && path_.size() > max_tree_depth)
        return fail(std::errc::file_too_large, "the extent tree can't grow deeper");
    // Away from the data, which would otherwise be cut there when the file grows.
    const TreeNode& leaf = path_.back();
    std::uint64_t goal = leaf.block != 0 ? leaf.block + 1 : home_of(access_.fs, inode_.number());
    while (reserved_.size() < wanted) {
        auto run = access_.allocator.allocate(goal, wanted - reserved_.size(), BlockUse::metadata);
        if (!run) {
            for (const std::uint64_t block : reserved_)
                access_.allocator.release({block, 1}, BlockUse::metadata);
            reserved_.clear();
            return fail(std::move(run).error());
        }
        for (std::uint64_t i = 0; i < run->count; ++i) reserved_.push_back(run->start + i);
        goal = run->start + run->count;
    }
    std::ranges::reverse(reserved_);
    return {};
}

std::uint64_t ExtentPath::take_reserved() {
    const std::uint64_t block = reserved_.back();
    reserved_.pop_back();
    return block;
}

Result<void> ExtentPath::replace(std::size_t level, std::vector<TreeEntry> entries) {
    TreeNode& node = path_[level];
    const bool is_root = level == 0;
    if (entries.size() > room_at(level)) {
        if (!is_root) return split(level, std::move(entries));
        QUIRE_TRY(deepen());
        return replace(1, std::move(entries));
    }
    if (is_root) {
        if (entries.empty()) node.depth = 0;
        node.entries = std::move(entries);
        return store_node(access_.fs, inode_, node);
    }
    TreeNode& parent = path_[level - 1];
    if (entries.empty()) {
        freed_.push_back(node.block);
        node.entries.clear();
        std::vector<TreeEntry> siblings = parent.entries;
        siblings.erase(siblings.begin() + static_cast<std::ptrdiff_t>(parent.chosen));
        return replace(level - 1, std::move(siblings));
    }
    const bool shrinks = entries.size() < node.entries.size();
    node.entries = std::move(entries);
    if (shrinks && node.entries.size() <= node_capacity(access_.fs) / 2) {
        QUIRE_TRY_ASSIGN(const bool merged, merge(level));
        if (merged) return {};
    }
    QUIRE_TRY(store_node(access_.fs, inode_, node));
    // The key of a node is where its first entry begins.
    if (parent.entries[parent.chosen].logical == node.entries.front().logical) return {};
    std::vector<TreeEntry> siblings = parent.entries;
    siblings[parent.chosen].logical = node.entries.front().logical;
    return replace(level - 1, std::move(siblings));
}

/// Joins the node with one beside it when both fit into one with room to spare, so that a tree that
/// shrinks does not become one of nearly empty nodes.
Result<bool> ExtentPath::merge(std::size_t level) {
    TreeNode& node = path_[level];
    const TreeNode& parent = path_[level - 1];
    const std::size_t most = node_capacity(access_.fs) * 3 / 4;
    TreeNode place = parent;
    for (const bool behind : {true, false}) {
        if (behind ? parent.chosen + 1 >= parent.entries.size() : parent.chosen == 0) continue;
        place.chosen = behind ? parent.chosen + 1 : parent.chosen - 1;
        auto other = load_child(access_.fs, inode_, place);
        // Damage beside is no reason to fail a change here.
        if (!other || other->entries.size() + node.entries.size() > most) continue;
        freed_.push_back(other->block);
        auto& into = node.entries;
        into.insert(behind ? into.end() : into.begin(), other->entries.begin(),
                    other->entries.end());
        QUIRE_TRY(store_node(access_.fs, inode_, node));
        std::vector<TreeEntry> siblings = parent.entries;
        siblings[parent.chosen].logical = into.front().logical;
        siblings.erase(siblings.begin() + static_cast<std::ptrdiff_t>(place.chosen));
        QUIRE_TRY(replace(level - 1, std::move(siblings)));
        return true;
    }
    return false;
}

Result<void> ExtentPath::split(std::size_t level, std::vector<TreeEntry> entries) {
    TreeNode& node = path_[level];
    TreeNode& parent = path_[level - 1];
    const std::size_t capacity = room_at(level);
    const std::size_t parts = (entries.size() + capacity - 1) / capacity;
    // At the end of the file more will follow: nodes are filled. Elsewhere each part gets as many.
    const bool at_the_end = node.high == tree_end;
    std::vector<TreeEntry> siblings = parent.entries;
    std::size_t begin = 0;
    for (std::size_t part = 0; part < parts; ++part) {
        const std::size_t left = entries.size() - begin;
        const std::size_t size =
            at_the_end ? std::min(capacity, left) : (left + parts - part - 1) / (parts - part);
        TreeNode piece;
        piece.block = part == 0 ? node.block : take_reserved();
        piece.depth = node.depth;
        const auto from = entries.begin() + static_cast<std::ptrdiff_t>(begin);
        piece.entries.assign(from, from + static_cast<std::ptrdiff_t>(size));
        begin += size;
        QUIRE_TRY(store_node(access_.fs, inode_, piece));
        const TreeEntry key{.logical = piece.entries.front().logical, .physical = piece.block};
        if (part == 0)
            siblings[parent.chosen] = key;
        else
            siblings.insert(siblings.begin() + static_cast<std::ptrdiff_t>(parent.chosen + part),
                            key);
    }
    return replace(level - 1, std::move(siblings));
}

/// Puts a node between the root and what is below it; the caller fills it.
Result<void> ExtentPath::deepen() {
    TreeNode& root = path_.front();
    TreeNode child = root;
    child.block = take_reserved();
    root.depth = child.depth + 1;
    root.entries = {{.logical = child.entries.empty() ? 0 : child.entries.front().logical,
                     .physical = child.block}};
    root.chosen = 0;
    path_.insert(path_.begin() + 1, std::move(child));
    return store_node(access_.fs, inode_, path_.front());
}

/// Pulls an only child whose entries fit into the root up into it.
Result<void> ExtentPath::flatten() {
    for (;;) {
        QUIRE_TRY_ASSIGN(TreeNode root, load_root(access_.fs, inode_));
        if (root.is_leaf() || root.entries.size() != 1) return {};
        root.chosen = 0;
        auto loaded = load_child(access_.fs, inode_, root);
        // Damage elsewhere in the tree is no reason to fail what is done already.
        if (!loaded) return {};
        TreeNode& child = *loaded;
        // One that is unwritten becomes two when a part of it is written.
        const std::size_t spare = std::ranges::any_of(child.entries, &TreeEntry::unwritten) ? 1 : 0;
        if (child.entries.size() + spare > root_capacity) return {};
        freed_.push_back(child.block);
        root.depth = child.depth;
        root.entries = std::move(child.entries);
        QUIRE_TRY(store_node(access_.fs, inode_, root));
    }
}

}  // namespace quire::ext
