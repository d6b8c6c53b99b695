// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "quire/devices/partition/table.hpp"
#include "sectors.hpp"

namespace quire::partition {

/// One of the four slots of a boot record.
struct Slot {
    std::uint8_t flag = 0;
    std::uint8_t type = 0;
    std::uint32_t start = 0;
    std::uint32_t length = 0;

    /// As the kernel sees it: the type does not count.
    bool used() const { return length != 0; }
    bool extended() const { return type == 0x05 || type == 0x0F || type == 0x85; }
    bool protective() const { return type == 0xEE; }
};

/// A master boot record that can be one.
struct BootRecord {
    std::uint32_t id = 0;
    std::array<Slot, 4> slots;

    /// The slot that announces a GPT, if any.
    const Slot* protective() const;
};

/// Reads the first sector as a boot record, or finds that it is none: no signature, flags that no
/// table has, or the boot sector of a filesystem, which ends in the same signature.
Result<std::optional<BootRecord>> read_boot_record(block::Device& device);

/// Lists the partitions of a boot record, logical ones too.
/// Fails: what reading reports.
Result<Table> read_mbr(const Sectors& sectors, const BootRecord& record);

}  // namespace quire::partition
