// SPDX-License-Identifier: MIT

#pragma once

#include "content/inode_record.hpp"
#include "quire/base/result.hpp"

namespace quire::ext {

class Store;

/// Sets a file's size. False: blocks past the new end are left, which truncate_step() frees.
/// What lies between an old end and a new one reads as zeros.
/// Needs: within a change, the node's lock; the caller writes the record.
/// Fails: is_a_directory, invalid_argument (no regular file), file_too_large,
/// no_space_on_device, io_error.
Result<bool> set_file_size(Store& store, InodeRecord& inode, std::uint64_t size);

/// Sets i_size, and the superblock's word that there are files of this size.
void grow_to(Store& store, InodeRecord& inode, std::uint64_t size);

/// Makes the rest of the block in which a file ends zeros, so that it can grow.
/// Needs: as set_file_size(). Fails: io_error.
Result<void> zero_tail(Store& store, const InodeRecord& inode, std::uint64_t size);

/// Moves content that lies in the inode into a block. The size stays.
/// Needs: as set_file_size(); is_inline(). Fails: no_space_on_device, io_error.
Result<void> expand_inline(Store& store, InodeRecord& inode);

}  // namespace quire::ext
