// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "content/allocator.hpp"
#include "content/inode_record.hpp"
#include "content/names/entries.hpp"

namespace quire::ext {

/// A block of a directory in memory: its records are sound, its checksum is right.
struct DirectoryBlock {
    std::uint64_t logical = 0;
    std::uint64_t physical = 0;
    std::vector<std::byte> bytes;
    bool dirty = false;
};

/// The blocks of a directory during one operation. What an operation changes stays in memory until
/// commit(), so that an operation that fails half-way has changed nothing.
class DirectoryBlocks {
public:
    DirectoryBlocks(ext2_filsys fs, const InodeRecord& inode);

    const RecordFormat& format() const { return format_; }
    ext2_filsys fs() const { return fs_; }
    const InodeRecord& inode() const { return inode_; }
    std::size_t block_size() const { return fs_->blocksize; }
    /// Blocks, as i_size says.
    std::uint64_t count() const { return count_; }

    /// The block, read when it is not here yet. Fails: io_error (also: a hole).
    Result<DirectoryBlock*> get(std::uint64_t logical);
    /// Lets go of a block that is not needed any more, unless it is changed, so that a walk over a
    /// large directory stays small.
    void drop(std::uint64_t logical);
    /// Calls `visit` with the blocks from `first` on, holes left out, until it answers false. They
    /// are read in runs and not kept.
    Result<void> scan(std::uint64_t first,
                      const std::function<Result<bool>(const DirectoryBlock&)>& visit);

    /// The part of a leaf in which records are inserted and removed: all but the checksum.
    /// Fails: io_error (no checksum where one belongs).
    Result<std::span<std::byte>> area(DirectoryBlock& block) const;
    std::size_t area_size() const;

protected:
    Result<void> verify(const DirectoryBlock& block) const;

    ext2_filsys fs_;
    const InodeRecord& inode_;
    RecordFormat format_;
    std::uint64_t count_;
    std::map<std::uint64_t, DirectoryBlock> blocks_;
};

/// The same with changes.
class DirectoryEdit final : public DirectoryBlocks {
public:
    DirectoryEdit(Access access, InodeRecord& inode);
    /// Takes back what was appended, unless commit() came.
    ~DirectoryEdit();
    DirectoryEdit(const DirectoryEdit&) = delete;
    DirectoryEdit& operator=(const DirectoryEdit&) = delete;

    /// Makes the directory `count` blocks longer; they are one unused record each, and dirty.
    /// Answers the first. All or nothing. Fails: no_space_on_device (also: as large as it may be).
    Result<std::uint64_t> append(std::uint64_t count);
    /// Writes what is dirty, with checksums, and sets i_size.
    Result<void> commit();

private:
    Access access_;
    InodeRecord& changed_;
    std::uint64_t count_before_;
    bool committed_ = false;
};

}  // namespace quire::ext
