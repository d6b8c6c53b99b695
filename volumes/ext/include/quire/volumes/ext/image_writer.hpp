// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "quire/block/device.hpp"
#include "quire/fs/image_writer.hpp"
#include "quire/volumes/ext/format.hpp"

namespace quire::ext {

/// A new ext2, ext3 or ext4 filesystem over a whole device, to be filled in one pass.
///
/// Nothing is journaled and no commit is made before finish(): a filesystem half made is of no
/// use to anybody, so whoever makes an image makes it under another name. Contents go to the
/// device in runs as they come, one file behind the other; memory holds the bitmaps, the
/// directories' inodes and one buffer.
///
/// Owns: `device` until it is destroyed.
/// Fails: as format().
Result<std::unique_ptr<fs::ImageWriter>> make_image_writer(std::shared_ptr<block::Device> device,
                                                           const FormatOptions& options);

}  // namespace quire::ext
