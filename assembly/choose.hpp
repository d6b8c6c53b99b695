// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>

#include "quire/assembly/address.hpp"
#include "quire/assembly/environment.hpp"
#include "quire/block/device.hpp"
#include "quire/fs/volume.hpp"

namespace quire::assembly {

/// Which bytes of a device a slice means. With a whole slice of a partitioned disk the one
/// partition that has a filesystem Quire knows is meant; several are an error that lists them.
/// Needs: `name`, what the person calls the device, for sentences and addresses in them.
/// Fails: invalid_argument (a sentence), as the device does.
Result<block::Range> choose_bytes(const std::shared_ptr<block::Device>& device, const Slice& slice,
                                  const std::string& name);

/// Which bytes `@pN` and `@@OFFSET` mean, without looking at what is there.
Result<block::Range> bytes_of_slice(const std::shared_ptr<block::Device>& device,
                                    const Slice& slice, const std::string& name);

/// Finds the filesystem on a device and opens it.
/// Fails: invalid_argument (none, or a foreign one: the sentence names it), as the volume does.
Result<std::shared_ptr<fs::Volume>> open_volume(const std::shared_ptr<block::Device>& device,
                                                bool writable, const std::string& name,
                                                const Environment& environment);

}  // namespace quire::assembly
