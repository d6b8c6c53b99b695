// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "content/inode_record.hpp"

namespace quire::ext {

/// Content that lies in the inode itself: the 60 bytes of i_block, then the value of the
/// attribute system.data in the inode's body.
///
/// To grow such a file past inline_capacity(): copy the record, take_inline_data(), write what it
/// answers like any data at offset 0; on failure put the copy back.
/// Needs: the store's lock.

/// How many bytes the inode could hold at most, its other attributes staying where they are.
std::size_t inline_capacity(ext2_filsys fs, const InodeRecord& inode);

/// The content, i_size bytes. Needs: is_inline(). Fails: io_error.
Result<std::vector<std::byte>> read_inline_data(ext2_filsys fs, const InodeRecord& inode);

/// Replaces the content, sets the flag and i_size; the file may have been empty before. Fails:
/// no_space_on_device (more than inline_capacity(); nothing is changed).
Result<void> write_inline_data(ext2_filsys fs, InodeRecord& inode, std::span<const std::byte> data);

/// Takes the content out: the inode is an empty file with an empty mapping afterwards, whose
/// i_size stays. Fails: io_error.
Result<std::vector<std::byte>> take_inline_data(ext2_filsys fs, InodeRecord& inode);

/// Whether a new regular file (or directory) should begin inline: the filesystem has the feature
/// and the inodes have room.
bool begins_inline(ext2_filsys fs);

}  // namespace quire::ext
