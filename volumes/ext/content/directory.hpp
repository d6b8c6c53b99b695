// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "content/allocator.hpp"
#include "content/inode_record.hpp"
#include "quire/fs/attributes.hpp"

namespace quire::ext {

/// What a name means.
struct NameTarget {
    ext2_ino_t inode = 0;
    fs::FileType type = fs::FileType::unknown;  ///< unknown where entries have no type
};

struct ListedEntry {
    std::string name;  ///< never "." or ".."
    ext2_ino_t inode = 0;
    fs::FileType type = fs::FileType::unknown;
    std::uint64_t next = 0;  ///< the position behind this entry
};

struct Listing {
    std::vector<ListedEntry> entries;
    bool at_end = false;
    std::uint64_t next = 0;  ///< where to go on; behind the last entry
};

/// The names of directories: linear, hashed (htree) and inline ones.
///
/// A hashed directory stays hashed and a directory that outgrows its first block becomes so where
/// the filesystem has dir_index. Large linear directories are indexed in memory, within a budget
/// over all of them, so that an operation on a name reads a bounded number of blocks after the
/// first one.
///
/// Positions: those of a hashed, one-block or inline directory of a filesystem with dir_index are
/// the names' hashes (as the kernel's are), others the entries' offsets; either survives additions
/// and removals.
///
/// The directory's inode is changed in place (size, blocks, flags; neither times nor link count)
/// and written back by the caller.
///
/// Fails, everywhere: io_error (a corrupt directory, with a sentence; nothing is changed);
/// changes besides: no_space_on_device (nothing is changed), operation_not_supported
/// (case-folded or encrypted directories).
/// Needs: the store's lock.
class Directories {
public:
    /// `budget`: bytes of memory for the indexes of linear directories.
    Directories(ext2_filsys fs, Allocator& allocator, std::size_t budget = 32u << 20);
    ~Directories();
    Directories(const Directories&) = delete;
    Directories& operator=(const Directories&) = delete;

    /// What `name` means here, if anything; `..` may be asked for as well.
    Result<std::optional<NameTarget>> lookup(const InodeRecord& directory, std::string_view name);
    /// Fails: file_exists, filename_too_long, invalid_argument (`.`, `..`, nothing).
    /// no_space_on_device also means that the directory is as large as it may be.
    Result<void> insert(InodeRecord& directory, std::string_view name, NameTarget target);
    /// Answers what the name meant. Fails: no_such_file_or_directory.
    Result<NameTarget> remove(InodeRecord& directory, std::string_view name);
    /// Gives a name that is there another meaning, in place; answers the old one. Needs no space.
    /// Fails: no_such_file_or_directory.
    Result<NameTarget> replace(InodeRecord& directory, std::string_view name, NameTarget target);

    Result<ext2_ino_t> parent(const InodeRecord& directory);
    Result<void> set_parent(InodeRecord& directory, ext2_ino_t parent);
    Result<bool> is_empty(const InodeRecord& directory);

    /// At most about `limit` entries from `position` on (0: the beginning), more only where names
    /// share one hash.
    Result<Listing> list(const InodeRecord& directory, std::uint64_t position, std::size_t limit);

    /// Gives a new directory, without any block yet, its first content: `.` and `..`, inline where
    /// the filesystem does so. Sets i_size, i_blocks, i_flags of it.
    Result<void> make_new(InodeRecord& directory, ext2_ino_t parent);

    /// Drops what is kept in memory of a directory: it was removed, or its blocks were changed by
    /// others.
    void forget(ext2_ino_t directory);
    std::size_t memory_used() const;

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace quire::ext
