// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <vector>

#include "content/inode_record.hpp"
#include "libext2fs.hpp"
#include "quire/base/result.hpp"

namespace quire::ext {

/// The inodes that have no name and are still in use, or are being truncated in steps: after a
/// crash whoever opens the image next finishes them. On the device they are a list that begins in
/// the superblock and goes on in each inode's deletion time.
///
/// Needs: the store's lock; within a change, but for read_orphans().
class OrphanList {
public:
    explicit OrphanList(ext2_filsys fs) : fs_(fs) {}

    bool contains(ext2_ino_t inode) const;
    /// Changes the inode's record; the caller writes it.
    void add(InodeRecord& inode);
    /// Changes the inode's record; the caller writes it. Nothing happens when it is not listed.
    /// Fails: io_error.
    Result<void> remove(InodeRecord& inode);

    /// Reads the list of an image just opened, newest first.
    /// Fails: io_error (the list is corrupt, with a sentence).
    Result<std::vector<ext2_ino_t>> read();

    void begin() { before_.reset(); }
    void undo();

private:
    void remember();

    ext2_filsys fs_;
    std::vector<ext2_ino_t> list_;  // the newest, which the superblock names, last
    std::optional<std::vector<ext2_ino_t>> before_;
};

}  // namespace quire::ext
