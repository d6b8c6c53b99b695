// SPDX-License-Identifier: MIT

#pragma once

#include "content/allocator.hpp"
#include "content/values/stored.hpp"

namespace quire::ext {

/// Large values that lie in inodes of their own (the feature ea_inode), each shared by the
/// attributes with that very value. We read them and let go of them; new large values are refused.

/// Fails: io_error.
Result<std::vector<std::byte>> read_value_inode(ext2_filsys fs, const StoredAttribute& attribute);

/// One attribute more names the value. Fails: io_error.
Result<void> share_value_inode(Access access, const StoredAttribute& attribute);
/// One attribute less names the value; the last one frees inode and blocks. Fails: io_error.
Result<void> release_value_inode(Access access, const StoredAttribute& attribute);

}  // namespace quire::ext
