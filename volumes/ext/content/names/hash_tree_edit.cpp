// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cstring>
#include <string>

#include "content/names/hash_tree.hpp"

namespace quire::ext {

namespace {

constexpr std::size_t root_slots = 32;
// One split makes room in a sound tree.
constexpr int most_splits = 4;

/// A record taken out of its block.
struct Name {
    NameHash hash;
    std::string text;
    ext2_ino_t inode;
    std::uint8_t type;
};

std::vector<Name> take_names(const RecordFormat& format, std::span<const std::byte> area,
                             const NameHasher& hasher) {
    std::vector<Name> names;
    visit_records(format, area, [&](const Record& record) {
        if (record.is_used() && !record.is_dot())
            names.push_back(
                {hasher(record.name), std::string(record.name), record.inode, record.type});
        return true;
    });
    return names;
}

void put_names(const RecordFormat& format, std::span<std::byte> area, std::span<const Name> names) {
    clear_records(format, area);
    std::size_t offset = 0;
    for (const Name& name : names) {
        const bool last = &name == &names.back();
        const std::size_t length = last ? area.size() - offset : record_size(name.text.size());
        write_record(format, area.subspan(offset), length, name.text,
                     {.inode = name.inode, .type = file_type_of(name.type)});
        offset += length;
    }
}

void store_half(DirectoryBlock& block, std::size_t offset, std::uint32_t value) {
    const auto half = static_cast<std::uint16_t>(value);
    std::memcpy(block.bytes.data() + offset, &half, sizeof half);
    block.dirty = true;
}

}  // namespace

void HashTree::Node::put(std::size_t i, std::uint32_t key, std::uint64_t child) {
    const auto number = static_cast<std::uint32_t>(child);
    // The first key's place belongs to limit and count.
    if (i > 0) std::memcpy(block->bytes.data() + slots + i * slot_size, &key, sizeof key);
    std::memcpy(block->bytes.data() + slots + i * slot_size + 4, &number, sizeof number);
    block->dirty = true;
}

void HashTree::Node::put_count(std::uint32_t value) {
    count = value;
    store_half(*block, slots + 2, value);
}

void HashTree::Node::insert_behind(std::size_t i, std::uint32_t key, std::uint64_t child_block) {
    std::byte* from = block->bytes.data() + slots + (i + 1) * slot_size;
    std::memmove(from + slot_size, from, (count - i - 1) * slot_size);
    put(i + 1, key, child_block);
    put_count(count + 1);
}

Result<DirectoryBlock*> HashTreeEdit::append_block() {
    QUIRE_TRY_ASSIGN(const std::uint64_t logical, edit_.append(1));
    return edit_.get(logical);
}

Result<HashTree::Node> HashTreeEdit::append_node() {
    HashTree::Node node;
    QUIRE_TRY_ASSIGN(node.block, append_block());
    clear_records(edit_.format(), node.block->bytes);
    node.slots = record_header;
    const std::size_t tail =
        ext2fs_has_feature_metadata_csum(edit_.fs()->super) ? HashTree::tail_size : 0;
    node.limit =
        static_cast<std::uint32_t>((edit_.block_size() - node.slots - tail) / HashTree::slot_size);
    store_half(*node.block, node.slots, node.limit);
    return node;
}

Result<void> HashTreeEdit::insert(std::string_view name, NameTarget target) {
    for (int splits = 0; splits < most_splits; ++splits) {
        QUIRE_TRY_ASSIGN(HashTree tree, HashTree::open(edit_));
        const std::uint32_t major = tree.hasher()(name).major;
        QUIRE_TRY_ASSIGN(const HashTree::Path path, tree.descend(major));
        QUIRE_TRY_ASSIGN(DirectoryBlock * leaf, tree.leaf_of(path));
        QUIRE_TRY_ASSIGN(const std::span<std::byte> area, edit_.area(*leaf));
        if (insert_record(edit_.format(), area, name, target)) {
            leaf->dirty = true;
            return {};
        }
        QUIRE_TRY(split_leaf(tree, major));
    }
    return corrupt_inode(edit_.inode().number(), "its hash tree does not lead to room");
}

Result<void> HashTreeEdit::split_leaf(HashTree& tree, std::uint32_t major) {
    QUIRE_TRY_ASSIGN(HashTree::Path path, tree.descend(major));
    QUIRE_TRY_ASSIGN(DirectoryBlock * leaf, tree.leaf_of(path));
    QUIRE_TRY(make_room(tree, path, path.size() - 1));
    QUIRE_TRY_ASSIGN(const std::span<std::byte> area, edit_.area(*leaf));
    std::vector<Name> names = take_names(edit_.format(), area, tree.hasher());
    if (names.size() < 2)
        return corrupt_inode(edit_.inode().number(), "a leaf of its hash tree has no room");
    std::ranges::sort(names, {}, &Name::hash);

    // By size, so that either half has room for any name.
    std::size_t kept = names.size();
    for (std::size_t moved = 0; kept > 1; --kept) {
        const std::size_t size = record_size(names[kept - 1].text.size());
        if (moved + size / 2 > area.size() / 2) break;
        moved += size;
    }
    kept = std::min(kept, names.size() - 1);
    const std::uint32_t bound = names[kept].hash.major;
    const std::uint32_t mark = names[kept - 1].hash.major == bound ? 1 : 0;

    QUIRE_TRY_ASSIGN(DirectoryBlock * added, append_block());
    QUIRE_TRY_ASSIGN(const std::span<std::byte> added_area, edit_.area(*added));
    put_names(edit_.format(), area, std::span(names).first(kept));
    put_names(edit_.format(), added_area, std::span(names).subspan(kept));
    leaf->dirty = true;
    path.back().insert_behind(path.back().at, bound | mark, added->logical);
    return {};
}

/// Sees to it that the path's node on `level` can take one child more; the path stays on its leaf.
Result<void> HashTreeEdit::make_room(HashTree& tree, HashTree::Path& path, std::size_t level) {
    if (path[level].count < path[level].limit) return {};
    if (level == 0) {
        QUIRE_TRY(deepen(tree, path));
        // What was the root's content is now full one level below.
        return make_room(tree, path, 1);
    }
    const std::size_t levels = path.size();
    QUIRE_TRY(make_room(tree, path, level - 1));
    level += path.size() - levels;

    HashTree::Node& node = path[level];
    QUIRE_TRY_ASSIGN(HashTree::Node added, append_node());
    const std::uint32_t kept = node.count / 2;
    const std::uint32_t bound = node.key(kept);
    for (std::uint32_t i = kept; i < node.count; ++i)
        added.put(i - kept, node.key(i), node.child(i));
    added.put_count(node.count - kept);
    node.put_count(kept);
    HashTree::Node& parent = path[level - 1];
    parent.insert_behind(parent.at, bound, added.block->logical);
    if (node.at >= kept) {
        added.at = node.at - kept;
        node = added;
        ++parent.at;
    }
    return {};
}

/// Moves what the root holds into a node of its own.
Result<void> HashTreeEdit::deepen(HashTree& tree, HashTree::Path& path) {
    const unsigned most = ext2fs_has_feature_largedir(edit_.fs()->super) ? 2 : 1;
    if (tree.levels_ >= most)
        return fail(std::errc::no_space_on_device, "the directory's hash tree is full");
    QUIRE_TRY_ASSIGN(HashTree::Node added, append_node());
    HashTree::Node& root = path.front();
    for (std::uint32_t i = 0; i < root.count; ++i) added.put(i, root.key(i), root.child(i));
    added.put_count(root.count);
    added.at = root.at;
    root.put(0, 0, added.block->logical);
    root.put_count(1);
    root.at = 0;
    ++tree.levels_;
    // The number of levels lies in the root's description, before its slots.
    root.block->bytes[root_slots - 2] = static_cast<std::byte>(tree.levels_);
    path.insert(path.begin() + 1, added);
    return {};
}

Result<bool> HashTreeEdit::plant(const NameHasher& hasher) {
    QUIRE_TRY_ASSIGN(DirectoryBlock * root, edit_.get(0));
    QUIRE_TRY_ASSIGN(const std::span<std::byte> area, edit_.area(*root));
    std::vector<Record> dots;
    visit_records(edit_.format(), area, [&](const Record& record) {
        dots.push_back(record);
        return dots.size() < 2;
    });
    if (dots.size() != 2 || !dots[0].is_used() || dots[0].name != "." || dots[1].name != ".." ||
        !dots[1].is_used())
        return false;
    const NameTarget self{.inode = dots[0].inode, .type = file_type_of(dots[0].type)};
    const NameTarget parent{.inode = dots[1].inode, .type = file_type_of(dots[1].type)};
    std::vector<Name> names = take_names(edit_.format(), area, hasher);
    std::ranges::sort(names, {}, &Name::hash);

    QUIRE_TRY_ASSIGN(DirectoryBlock * leaf, append_block());
    QUIRE_TRY_ASSIGN(const std::span<std::byte> leaf_area, edit_.area(*leaf));
    put_names(edit_.format(), leaf_area, names);

    std::ranges::fill(root->bytes, std::byte{0});
    write_record(edit_.format(), root->bytes, smallest_record, ".", self);
    write_record(edit_.format(), std::span(root->bytes).subspan(smallest_record),
                 edit_.block_size() - smallest_record, "..", parent);
    // Reserved word, hash version, length of this description, levels, flags.
    root->bytes[root_slots - 4] = static_cast<std::byte>(hasher.version());
    root->bytes[root_slots - 3] = std::byte{8};
    HashTree::Node node;
    node.block = root;
    node.slots = root_slots;
    const std::size_t tail =
        ext2fs_has_feature_metadata_csum(edit_.fs()->super) ? HashTree::tail_size : 0;
    node.limit =
        static_cast<std::uint32_t>((edit_.block_size() - root_slots - tail) / HashTree::slot_size);
    store_half(*root, root_slots, node.limit);
    node.put_count(1);
    node.put(0, 0, leaf->logical);
    return true;
}

}  // namespace quire::ext
