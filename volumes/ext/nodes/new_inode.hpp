// SPDX-License-Identifier: MIT

#pragma once

#include <string_view>

#include "content/inode_record.hpp"
#include "quire/fs/volume.hpp"

namespace quire::ext {

class Store;

/// Takes an inode for a node that gets its first name in `parent`: type, owner, times, generation
/// and one link are set, the content is not.
/// Needs: within a change. Fails: no_space_on_device, io_error.
Result<InodeRecord> new_inode(Store& store, const InodeRecord& parent, fs::FileType type,
                              const fs::NewNode& node);

/// Gives a new symbolic link its target: in the inode where it fits, else in a block.
/// Needs: within a change; a target shorter than a block. Fails: no_space_on_device, io_error.
Result<void> write_target(Store& store, InodeRecord& inode, std::string_view target);

}  // namespace quire::ext
