// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <vector>

#include "content/names/blocks.hpp"
#include "content/names/hash.hpp"
#include "content/names/inline_names.hpp"

namespace quire::ext {

/// Lists records in the order of their hashes: for hashed directories, and those that may become
/// so. Takes the names of one range after another.
class HashListing {
public:
    HashListing(const NameHasher& hasher, ext2_ino_t directory, std::uint64_t position,
                std::size_t limit)
        : hasher_(hasher), directory_(directory), position_(position), limit_(limit) {}

    /// Takes the used records of `area`, `.` and `..` excepted. Their hashes have to be at least
    /// `low`. Fails: io_error.
    Result<void> take(const RecordFormat& format, std::span<const std::byte> area,
                      std::uint32_t low);
    /// Ends a range: what has a hash below `bound` (none: everything) is complete. Answers false
    /// when there is enough.
    Result<bool> settle(std::optional<std::uint32_t> bound);
    Listing finish(bool at_end);

private:
    struct Pending {
        NameHash hash;
        ListedEntry entry;
    };

    const NameHasher& hasher_;
    ext2_ino_t directory_;
    std::uint64_t position_;
    std::size_t limit_;
    std::vector<Pending> pending_;
    Listing listing_;
    bool cut_ = false;
};

/// A directory of one block, in the order of hashes.
Result<Listing> list_sorted(DirectoryBlocks& blocks, const NameHasher& hasher,
                            std::uint64_t position, std::size_t limit);
/// A linear directory, in the order of its entries, whose places are the positions.
Result<Listing> list_places(DirectoryBlocks& blocks, std::uint64_t position, std::size_t limit);
/// An inline directory, in the one order or the other.
Result<Listing> list_inline(const InlineNames& names, ext2_ino_t number,
                            const std::optional<NameHasher>& order, std::uint64_t position,
                            std::size_t limit);

}  // namespace quire::ext
