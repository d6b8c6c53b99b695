// SPDX-License-Identifier: MIT

#pragma once

#include "quire/base/result.hpp"
#include "quire/block/device.hpp"

namespace quire::conformance {

bool have_e2fsck();

/// Has e2fsck, where it is installed, look at the filesystem on a device.
/// Fails: io_error (with what it found).
Result<void> check_with_e2fsck(block::Device& device);

}  // namespace quire::conformance
