// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "format/format_io.hpp"
#include "libext2fs.hpp"
#include "quire/volumes/ext/format.hpp"

namespace quire::ext {

struct CloseFilesystem {
    void operator()(ext2_filsys fs) const { ext2fs_free(fs); }
};
using Filesystem = std::unique_ptr<struct_ext2_filsys, CloseFilesystem>;

/// Lays out a filesystem without any file: groups, tables, reserved inodes, the inode for growth
/// and the journal. The root directory (inode 2) and lost+found (inode 11) are still to be made;
/// the superblock, descriptors and bitmaps are in memory until close_layout().
/// `target` must outlive the result. Fails: as format().
Result<Filesystem> open_layout(FormatTarget& target, const FormatOptions& options);

/// Writes what open_layout() and those after it have left in memory.
Result<void> close_layout(ext2_filsys fs);

}  // namespace quire::ext
