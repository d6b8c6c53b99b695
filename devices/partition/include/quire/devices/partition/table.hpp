// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "quire/block/device.hpp"
#include "quire/block/region_device.hpp"

namespace quire::partition {

enum class Kind { none, mbr, gpt };

/// One partition. Its texts come from the disk: show them through quire::printable.
struct Entry {
    /// What the kernel calls it: slots from 1; logical partitions of an MBR from 5.
    std::uint32_t number = 0;
    /// Its place on the device, in bytes.
    block::Range range;
    /// "0x83", or a GUID in upper case.
    std::string type;
    /// GPT: its name, UTF-8.
    std::string name;
    /// What PARTUUID= names: a GUID in upper case, or "12345678-05".
    std::string guid;
    /// An extended partition of an MBR: it holds logical partitions and no data of its own.
    bool container = false;
    /// Why it can't be opened, as a sentence; empty when it can.
    std::string problem = {};
};

struct Table {
    Kind kind = Kind::none;
    std::uint32_t sector_size = 512;
    /// The disk's GUID in upper case, or the MBR's number in eight digits.
    std::string id;
    /// By number.
    std::vector<Entry> entries;
    /// What is wrong with the table, or curious, and yet did not keep it from being read: a
    /// sentence each.
    std::vector<std::string> notes;
};

/// Reads the partition table of a device: GPT where the protective MBR announces it, otherwise MBR.
/// Kind::none says that there is none: the device may hold a filesystem. A damaged primary GPT is
/// replaced by its backup. Reads at most a few MiB whatever the table says.
/// `sector_size` is 512 or 4096, where the medium tells; 0 finds it out, from the place of the GPT
/// header, and takes 512 for an MBR.
/// Fails: bad_message (there is a table, but it is damaged beyond use; the sentence says how), and
/// what reading reports.
Result<Table> read_partition_table(block::Device& device, std::uint32_t sector_size = 0);

/// Opens one partition of a table that was read from the same device.
/// Fails: no_such_device (no partition has this number; the sentence lists those there are),
/// invalid_argument (its entry has a problem, or it is a container).
Result<std::unique_ptr<block::RegionDevice>> open_partition(std::shared_ptr<block::Device> device,
                                                            const Table& table,
                                                            std::uint32_t number,
                                                            bool read_only = false);

/// What a type means, for a person: "Linux filesystem"; empty for one that is not known here.
std::string_view describe_type(std::string_view type);

}  // namespace quire::partition
