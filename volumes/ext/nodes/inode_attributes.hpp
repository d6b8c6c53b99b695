// SPDX-License-Identifier: MIT

#pragma once

#include "content/inode_record.hpp"
#include "nodes/inode_fields.hpp"
#include "quire/fs/attributes.hpp"

namespace quire::ext {

/// An inode as the world sees it.
fs::Attributes attributes_of(ext2_filsys fs, const InodeRecord& inode);

void set_all_times(InodeRecord& inode, Time time);
void set_permissions(InodeRecord& inode, std::uint16_t permissions);

/// Checks that an inode a name leads to can be one of a file: in use, of a known type, no inode
/// that the filesystem keeps for itself.
/// Fails: io_error, with a sentence.
Result<void> check_nameable(ext2_filsys fs, const InodeRecord& inode);

}  // namespace quire::ext
