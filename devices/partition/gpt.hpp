// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>

#include "mbr.hpp"
#include "quire/devices/partition/table.hpp"
#include "sectors.hpp"

namespace quire::partition {

/// Reads the GPT that a protective MBR announces, from its primary header or from its backup.
/// Fails: bad_message (neither is sound), what reading reports.
Result<Table> read_gpt(block::Device& device, const Slot& protective, std::uint32_t sector_size);

/// Whether there is a sound primary header, announced or not.
/// Fails: what reading reports.
Result<bool> has_gpt(block::Device& device, std::uint32_t sector_size);

}  // namespace quire::partition
