// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "libext2fs.hpp"
#include "store/block_cache.hpp"

namespace quire::ext {

/// The seam between libext2fs and us: an I/O manager whose channels read and write a BlockCache.
/// It holds no state: which cache a channel works on comes with the options of the open.
io_manager cache_io_manager();

/// The io_options for ext2fs_open2() that tie the channel to `cache`, which must outlive it.
std::string cache_io_options(BlockCache& cache);

}  // namespace quire::ext
