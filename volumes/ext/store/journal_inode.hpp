// SPDX-License-Identifier: MIT

#pragma once

#include "libext2fs.hpp"
#include "quire/block/device.hpp"
#include "quire/volumes/ext/journal/map.hpp"

namespace quire::ext {

/// Finds the blocks of the journal by its inode.
/// Fails: io_error (no such inode, holes, a mapping that makes no sense; with a sentence).
Result<journal::Map> map_journal(ext2_filsys fs, block::Device& device);

}  // namespace quire::ext
