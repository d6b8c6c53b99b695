// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "content/names/blocks.hpp"
#include "content/names/hash.hpp"

namespace quire::ext {

/// The tree of a hashed directory: block 0 and further blocks hold ranges of hashes, each with the
/// block that holds the names of that range. A range whose lowest bit is set goes on with the hash
/// that the range before it ended with.
///
/// To those who do not know the tree its blocks look like blocks of unused records.
class HashTree {
public:
    /// Reads and checks the root. Fails: io_error.
    static Result<HashTree> open(DirectoryBlocks& blocks);

    const NameHasher& hasher() const { return hasher_; }

    struct Found {
        DirectoryBlock* block;
        Record record;
    };
    Result<std::optional<Found>> find(std::string_view name);

    /// Names with their hashes, from `position` on; see Directories::list.
    Result<Listing> list(std::uint64_t position, std::size_t limit);

private:
    friend class HashTreeEdit;

    /// One block of the tree: `slots` begins with the pair (limit, count), which takes the place
    /// of the first key.
    struct Node {
        DirectoryBlock* block = nullptr;
        std::size_t slots = 0;
        std::uint32_t limit = 0;
        std::uint32_t count = 0;
        std::size_t at = 0;  ///< the child that a path follows

        std::uint32_t key(std::size_t i) const;
        std::uint64_t child(std::size_t i) const;
        void put(std::size_t i, std::uint32_t key, std::uint64_t child);
        void put_count(std::uint32_t value);
        /// Needs: count < limit.
        void insert_behind(std::size_t i, std::uint32_t key, std::uint64_t child);
    };
    static constexpr std::size_t slot_size = 8;  ///< a key and its child
    static constexpr std::size_t tail_size = 8;  ///< holds the checksum behind the last slot
    /// From the root to the node above the leaf.
    using Path = std::vector<Node>;

    HashTree(DirectoryBlocks& blocks, NameHasher hasher, unsigned levels)
        : blocks_(blocks), hasher_(hasher), levels_(levels) {}

    Result<Node> node(std::uint64_t logical);
    Result<Path> descend(std::uint32_t major);
    Result<void> check_order(const Node& node) const;
    Result<DirectoryBlock*> leaf_of(const Path& path);
    Result<std::optional<std::uint32_t>> next_key(const Path& path);
    Result<bool> advance(Path& path);

    DirectoryBlocks& blocks_;
    NameHasher hasher_;
    unsigned levels_;  ///< of nodes below the root
};

/// The same with insertion. Nothing is written before the edit's commit().
class HashTreeEdit {
public:
    explicit HashTreeEdit(DirectoryEdit& edit) : edit_(edit) {}

    /// Needs: the directory is hashed, the name is not there.
    /// Fails: no_space_on_device (also: the tree is full), io_error.
    Result<void> insert(std::string_view name, NameTarget target);

    /// Makes a tree of a directory of one block. Answers false when its beginning is not as a tree
    /// needs it (`.` and `..` first).
    Result<bool> plant(const NameHasher& hasher);

private:
    Result<void> split_leaf(HashTree& tree, std::uint32_t major);
    Result<void> make_room(HashTree& tree, HashTree::Path& path, std::size_t level);
    Result<void> deepen(HashTree& tree, HashTree::Path& path);
    Result<HashTree::Node> append_node();
    Result<DirectoryBlock*> append_block();

    DirectoryEdit& edit_;
};

}  // namespace quire::ext
