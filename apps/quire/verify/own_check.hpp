// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frame/session.hpp"
#include "quire/block/device.hpp"

namespace quire::app {

/// What Quire itself sees of damage when it reads all metadata that a tree leads to: inodes,
/// directories, block maps, targets, attributes. Bitmaps and counts are not compared, so finding
/// nothing is no verdict.
/// Fails: operation_not_supported (the filesystem can't be read at all).
Result<std::vector<std::string>> find_damage(const std::shared_ptr<block::Device>& device,
                                             Session& session);

}  // namespace quire::app
