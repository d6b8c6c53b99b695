// SPDX-License-Identifier: MIT

#pragma once

#include <filesystem>
#include <memory>

#include "quire/block/memory_device.hpp"

namespace quire::testing {

/// Copies what a device holds, leaving holes where it has them.
/// Needs: a target at least as large, that reads as zeros.
Result<void> copy_data(block::Device& from, block::Device& to);

/// A copy in memory.
Result<std::shared_ptr<block::MemoryDevice>> snapshot(block::Device& device);

/// A copy as a sparse file, for programs such as e2fsck; a file that is there is replaced.
Result<void> write_image(block::Device& device, const std::filesystem::path& path);

}  // namespace quire::testing
