// SPDX-License-Identifier: MIT

#pragma once

#include "content/inode_record.hpp"
#include "quire/base/result.hpp"

namespace quire::ext {

class Store;

/// Whether the inode's content lies in blocks that a mapping names (and not in the inode).
bool has_mapping(const InodeRecord& inode);

/// One bounded step of freeing an inode that has no name left: true when it is gone. The record
/// is written. Needs: within a change. Fails: io_error.
Result<bool> free_step(Store& store, InodeRecord& inode);

/// One bounded step of freeing the blocks past i_size: true when there are none left. The record
/// is changed, not written. Needs: within a change. Fails: io_error, no_space_on_device.
Result<bool> truncate_step(Store& store, InodeRecord& inode);

/// Frees an inode without names, in as many changes and commits as that takes. Needs: neither
/// pass nor lock; no lookups of it are open. Fails: io_error.
Result<void> free_inode(Store& store, ext2_ino_t inode);

/// Finishes a truncation that is on the list of orphans. Needs, fails: as free_inode().
Result<void> finish_truncation(Store& store, ext2_ino_t inode);

/// Frees what a crash left on the list of orphans, when an image is opened for writing.
/// Fails: io_error.
Result<void> free_orphans(Store& store);

}  // namespace quire::ext
