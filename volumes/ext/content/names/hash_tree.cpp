// SPDX-License-Identifier: MIT

#include "content/names/hash_tree.hpp"

#include <algorithm>
#include <cstring>

#include "content/names/listing.hpp"

namespace quire::ext {

namespace {

constexpr std::size_t root_info = 24;  // behind the records of `.` and `..`
constexpr std::uint32_t child_mask = 0x0fffffff;

struct RootInfo {
    std::uint32_t reserved;
    std::uint8_t version;
    std::uint8_t length;
    std::uint8_t levels;
    std::uint8_t flags;
};

std::uint32_t load_word(const DirectoryBlock& block, std::size_t offset) {
    std::uint32_t word;
    std::memcpy(&word, block.bytes.data() + offset, sizeof word);
    return word;
}

std::uint16_t load_half(const DirectoryBlock& block, std::size_t offset) {
    std::uint16_t half;
    std::memcpy(&half, block.bytes.data() + offset, sizeof half);
    return half;
}

}  // namespace

std::uint32_t HashTree::Node::key(std::size_t i) const {
    return i == 0 ? 0 : load_word(*block, slots + i * slot_size);
}

std::uint64_t HashTree::Node::child(std::size_t i) const {
    return load_word(*block, slots + i * slot_size + 4) & child_mask;
}

Result<HashTree> HashTree::open(DirectoryBlocks& blocks) {
    const ext2_ino_t number = blocks.inode().number();
    QUIRE_TRY_ASSIGN(DirectoryBlock * root, blocks.get(0));
    std::vector<Record> records;
    visit_records(blocks.format(), root->bytes, [&](const Record& record) {
        records.push_back(record);
        return records.size() < 3;
    });
    if (records.size() != 2 || records[0].name != "." || records[0].length != 12 ||
        records[1].name != "..")
        return corrupt_inode(number, "the root of its hash tree does not begin with . and ..");
    RootInfo info;
    std::memcpy(&info, root->bytes.data() + root_info, sizeof info);
    const unsigned most = ext2fs_has_feature_largedir(blocks.fs()->super) ? 2 : 1;
    const auto hasher = NameHasher::make(blocks.fs(), info.version);
    if (info.reserved != 0 || info.length != sizeof info || (info.flags & 1) != 0 || !hasher)
        return corrupt_inode(number, "the root of its hash tree is of an unknown kind");
    if (info.levels > most) return corrupt_inode(number, "its hash tree is too deep");
    return HashTree(blocks, *hasher, info.levels);
}

Result<HashTree::Node> HashTree::node(std::uint64_t logical) {
    const ext2_ino_t number = blocks_.inode().number();
    Node node;
    QUIRE_TRY_ASSIGN(node.block, blocks_.get(logical));
    node.slots = logical == 0 ? root_info + sizeof(RootInfo) : record_header;
    if (logical != 0) {
        std::optional<Record> first;
        visit_records(blocks_.format(), node.block->bytes, [&](const Record& record) {
            first = record;
            return false;
        });
        if (first->is_used() || first->length != blocks_.block_size())
            return corrupt_inode(number, "a node of its hash tree holds names");
    }
    node.limit = load_half(*node.block, node.slots);
    node.count = load_half(*node.block, node.slots + 2);
    const std::size_t tail = ext2fs_has_feature_metadata_csum(blocks_.fs()->super) ? tail_size : 0;
    if (node.limit != (blocks_.block_size() - node.slots - tail) / slot_size || node.count == 0 ||
        node.count > node.limit)
        return corrupt_inode(number, "a node of its hash tree has a wrong count");
    return node;
}

/// Without order a listing might go round in circles; for a search it only means not to find.
Result<void> HashTree::check_order(const Node& node) const {
    for (std::size_t i = 1; i < node.count; ++i)
        // Equal keys are marked ones: one hash that fills several leaves.
        if (node.key(i) < node.key(i - 1))
            return corrupt_inode(blocks_.inode().number(), "its hash tree is out of order");
    return {};
}

Result<DirectoryBlock*> HashTree::leaf_of(const Path& path) {
    const std::uint64_t logical = path.back().child(path.back().at);
    // A damaged tree may name its own root as a leaf; records put there would destroy the tree.
    if (logical == 0)
        return corrupt_inode(blocks_.inode().number(), "its hash tree has a leaf in its root");
    return blocks_.get(logical);
}

Result<HashTree::Path> HashTree::descend(std::uint32_t major) {
    Path path;
    std::uint64_t logical = 0;
    for (unsigned level = 0; level <= levels_; ++level) {
        QUIRE_TRY_ASSIGN(Node node, this->node(logical));
        std::size_t low = 1;
        std::size_t high = node.count;
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (node.key(middle) > major)
                high = middle;
            else
                low = middle + 1;
        }
        node.at = low - 1;
        logical = node.child(node.at);
        path.push_back(node);
    }
    return path;
}

Result<std::optional<std::uint32_t>> HashTree::next_key(const Path& path) {
    for (auto node = path.rbegin(); node != path.rend(); ++node)
        if (node->at + 1 < node->count) return node->key(node->at + 1);
    return std::nullopt;
}

Result<bool> HashTree::advance(Path& path) {
    std::size_t level = path.size();
    while (level-- > 0)
        if (path[level].at + 1 < path[level].count) break;
    if (level >= path.size()) return false;
    ++path[level].at;
    while (level + 1 < path.size()) {
        const std::uint64_t below = path[level].child(path[level].at);
        QUIRE_TRY_ASSIGN(path[level + 1], node(below));
        QUIRE_TRY(check_order(path[level + 1]));
        ++level;
    }
    return true;
}

Result<std::optional<HashTree::Found>> HashTree::find(std::string_view name) {
    const std::uint32_t major = hasher_(name).major;
    QUIRE_TRY_ASSIGN(Path path, descend(major));
    for (;;) {
        QUIRE_TRY_ASSIGN(DirectoryBlock * leaf, leaf_of(path));
        if (const auto record = find_record(blocks_.format(), leaf->bytes, name))
            return Found{leaf, *record};
        QUIRE_TRY_ASSIGN(const auto next, next_key(path));
        if (!next || *next != (major | 1)) return std::nullopt;
        QUIRE_TRY(advance(path));
    }
}

Result<Listing> HashTree::list(std::uint64_t position, std::size_t limit) {
    HashListing listing(hasher_, blocks_.inode().number(), position, limit);
    const auto major = static_cast<std::uint32_t>(position >> 32) << 1;
    QUIRE_TRY_ASSIGN(Path path, descend(major));
    for (const Node& node : path) QUIRE_TRY(check_order(node));
    std::uint32_t low = path.back().key(path.back().at);
    // The first key of a node stands for what its parent says.
    for (auto node = path.rbegin(); low == 0 && node != path.rend(); ++node)
        low = node->key(node->at);
    for (;;) {
        QUIRE_TRY_ASSIGN(DirectoryBlock * leaf, leaf_of(path));
        QUIRE_TRY(listing.take(blocks_.format(), leaf->bytes, low & ~1u));
        QUIRE_TRY_ASSIGN(const auto next, next_key(path));
        QUIRE_TRY_ASSIGN(const bool more, listing.settle(next));
        if (!next || !more) return listing.finish(!next);
        QUIRE_TRY(advance(path));
        low = *next;
        // A damaged tree may name one of its own nodes as a leaf.
        if (std::ranges::none_of(path, [&](const Node& node) { return node.block == leaf; }))
            blocks_.drop(leaf->logical);
    }
}

}  // namespace quire::ext
