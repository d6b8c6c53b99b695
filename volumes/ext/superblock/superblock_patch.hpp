// SPDX-License-Identifier: MIT

#pragma once

#include <functional>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"
#include "quire/block/device.hpp"

namespace quire::ext {

/// Changes the primary superblock on the device, past every cache: for flags that have to be
/// there before, or only after, everything else. Durable: after a flush.
/// Fails: as Device; io_error (there is none).
Result<void> patch_superblock(block::Device& device,
                              const std::function<void(ext2_super_block&)>& change);

/// Gives the superblock its checksum, where the filesystem has them.
void seal_superblock(ext2_super_block& super);

}  // namespace quire::ext
