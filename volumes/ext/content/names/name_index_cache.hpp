// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>

#include "content/names/blocks.hpp"
#include "content/names/name_index.hpp"

namespace quire::ext {

/// The indexes of the linear directories used last, within a budget of memory.
class NameIndexCache {
public:
    explicit NameIndexCache(std::size_t budget) : budget_(budget) {}

    /// The index of a directory, made by reading all of it when there is none yet. Null for a
    /// directory that is small enough to be read each time, or too large for the budget.
    /// Fails: io_error.
    Result<NameIndex*> get(DirectoryBlocks& blocks);
    /// To be called when an index has grown.
    void settle(ext2_ino_t directory);
    void forget(ext2_ino_t directory);
    std::size_t memory() const { return memory_; }

private:
    struct Item {
        ext2_ino_t directory;
        NameIndex index;
        std::size_t memory;
    };
    using Items = std::list<Item>;

    void drop(Items::iterator item);

    std::size_t budget_;
    std::size_t memory_ = 0;
    Items items_;  ///< the one used last in front
    std::unordered_map<ext2_ino_t, Items::iterator> places_;
    /// Directories that turned out too large, with their blocks then, so that they are not read in
    /// full for nothing each time.
    std::unordered_map<ext2_ino_t, std::uint64_t> too_large_;
};

}  // namespace quire::ext
