// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <memory>

#include "quire/assembly/environment.hpp"
#include "quire/block/device.hpp"
#include "quire/block/snapshot_device.hpp"
#include "quire/fs/volume.hpp"

namespace quire::assembly {

/// Gives the bytes under a volume, for reading, as they would be if it was unmounted now.
/// Fails: as the volume's commit; operation_not_supported (no format that this is known of).
/// Threads: any. No operation of the volume may wait for the call.
using ImageSource = std::function<Result<std::shared_ptr<block::Device>>()>;

/// For a volume that is open for writing on `device`.
ImageSource image_under(std::shared_ptr<fs::Volume> volume,
                        std::shared_ptr<block::SnapshotDevice> device,
                        const Environment& environment);

}  // namespace quire::assembly
