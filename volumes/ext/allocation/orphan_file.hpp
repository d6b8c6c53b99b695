// SPDX-License-Identifier: MIT

#pragma once

#include <vector>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"

namespace quire::ext {

class Store;

/// The other form of the list of orphans (feature orphan_file): a file of inode numbers, which
/// the kernel fills. We never do, but finish what it left.

/// The inodes in the file, when the superblock says that there are any.
/// Fails: io_error (the file is corrupt, with a sentence).
Result<std::vector<ext2_ino_t>> read_orphan_file(Store& store);

/// Empties the file, when all are dealt with. Needs: neither pass nor lock. Fails: io_error.
Result<void> clear_orphan_file(Store& store);

}  // namespace quire::ext
