// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "content/names/entries.hpp"

namespace quire::ext {

/// A directory that lies in its inode: the number of its parent, then records in what is left of
/// i_block, then records in the value of system.data. There are no records of `.` and `..`.
///
/// Changed in memory; store() puts it into the inode record.
class InlineNames {
public:
    /// Needs: the inode has inline data. Fails: io_error.
    static Result<InlineNames> load(ext2_filsys fs, const InodeRecord& inode);
    /// Makes a new one in `inode`. Fails: no_space_on_device (no room in the inode).
    static Result<void> make(ext2_filsys fs, InodeRecord& inode, ext2_ino_t parent);

    ext2_ino_t parent() const { return parent_; }
    void set_parent(ext2_ino_t parent) { parent_ = parent; }

    /// The two pieces of memory with records.
    std::span<std::byte> first() { return first_; }
    std::span<std::byte> second() { return second_; }
    std::span<const std::byte> first() const { return first_; }
    std::span<const std::byte> second() const { return second_; }
    /// The piece that holds the name, and its record.
    struct Found {
        std::span<std::byte> area;
        Record record;
    };
    std::optional<Found> find(std::string_view name);
    const RecordFormat& format() const { return format_; }

    /// Where a record of the two pieces would lie in a block, behind `.` and `..`: positions stay
    /// what they are when the directory moves into a block.
    static constexpr std::uint64_t offset_of_first = 24;
    static constexpr std::uint64_t offset_of_second = 24 + 56;

    /// Calls `visit` with each used record and the place it would have in a block.
    void visit(const std::function<bool(const Record&, std::uint64_t offset)>& visit) const;

    /// Fails: no_space_on_device (the inode has no room; nothing is changed).
    Result<void> insert(InodeRecord& inode, std::string_view name, NameTarget target);
    Result<void> store(InodeRecord& inode) const;

private:
    InlineNames(ext2_filsys fs, const InodeRecord& inode);

    ext2_filsys fs_;
    RecordFormat format_;
    ext2_ino_t parent_ = 0;
    std::vector<std::byte> first_;
    std::vector<std::byte> second_;
};

}  // namespace quire::ext
