// SPDX-License-Identifier: MIT

#include "quire/devices/partition/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gpt.hpp"
#include "mbr.hpp"

namespace quire::partition {

namespace {

void mark_outside(Table& table, std::uint64_t size) {
    for (Entry& entry : table.entries) {
        if (entry.problem.empty() &&
            !block::check_range(entry.range.offset, entry.range.length, size))
            entry.problem = "lies outside the disk";
    }
}

/// Marks both of two partitions that share a byte. A container may hold others.
void mark_overlaps(Table& table) {
    std::vector<Entry*> sorted;
    for (Entry& entry : table.entries)
        if (!entry.container && entry.problem.empty()) sorted.push_back(&entry);
    std::ranges::sort(sorted, {}, [](const Entry* entry) { return entry->range.offset; });
    // The one that reaches furthest so far: whoever begins before its end overlaps it.
    Entry* furthest = nullptr;
    const auto end = [](const Entry* entry) { return entry->range.offset + entry->range.length; };
    for (Entry* entry : sorted) {
        if (furthest != nullptr && entry->range.offset < end(furthest)) {
            entry->problem = fmt::format("overlaps partition {}", furthest->number);
            if (furthest->problem.empty())
                furthest->problem = fmt::format("overlaps partition {}", entry->number);
        }
        if (furthest == nullptr || end(entry) > end(furthest)) furthest = entry;
    }
}

Result<Table> read_any(block::Device& device, std::uint32_t sector_size) {
    QUIRE_TRY_ASSIGN(const auto record, read_boot_record(device));
    if (record && record->protective() != nullptr)
        return read_gpt(device, *record->protective(), sector_size);
    if (record) {
        const Sectors sectors{device, sector_size == 0 ? 512 : sector_size};
        QUIRE_TRY_ASSIGN(Table table, read_mbr(sectors, *record));
        return table;
    }
    Table none;
    // A filesystem made over a disk that was partitioned leaves this behind.
    QUIRE_TRY_ASSIGN(const bool orphaned, has_gpt(device, sector_size));
    if (orphaned) none.notes.push_back("there is a GPT without its protective MBR, it is ignored");
    return none;
}

}  // namespace

Result<Table> read_partition_table(block::Device& device, std::uint32_t sector_size) {
    QUIRE_TRY_ASSIGN(Table table, read_any(device, sector_size));
    mark_outside(table, device.geometry().size);
    mark_overlaps(table);
    return table;
}

Result<std::unique_ptr<block::RegionDevice>> open_partition(std::shared_ptr<block::Device> device,
                                                            const Table& table,
                                                            std::uint32_t number, bool read_only) {
    const std::string disk = device->describe();
    const auto entry = std::ranges::find(table.entries, number, &Entry::number);
    if (entry == table.entries.end()) {
        std::vector<std::uint32_t> numbers;
        for (const Entry& other : table.entries) numbers.push_back(other.number);
        return fail(std::errc::no_such_device,
                    numbers.empty() ? fmt::format("{} has no partitions", disk)
                                    : fmt::format("{} has no partition {}, only {}", disk, number,
                                                  fmt::join(numbers, ", ")));
    }
    const std::string name = fmt::format("partition {} of {}", number, disk);
    if (!entry->problem.empty())
        return fail(std::errc::invalid_argument, fmt::format("{} {}", name, entry->problem));
    if (entry->container)
        return fail(std::errc::invalid_argument,
                    name + " is an extended partition, it only holds others");
    return block::RegionDevice::open(std::move(device), entry->range, {read_only, name});
}

std::string_view describe_type(std::string_view type) {
    struct Known {
        std::string_view type;
        std::string_view meaning;
    };
    static constexpr Known known[] = {
        {"0x01", "FAT12"},
        {"0x05", "extended"},
        {"0x06", "FAT16"},
        {"0x07", "NTFS or exFAT"},
        {"0x0b", "FAT32"},
        {"0x0c", "FAT32"},
        {"0x0e", "FAT16"},
        {"0x0f", "extended"},
        {"0x82", "Linux swap"},
        {"0x83", "Linux"},
        {"0x85", "Linux extended"},
        {"0x8e", "Linux LVM"},
        {"0xef", "EFI system"},
        {"0xfd", "Linux RAID"},
        {"C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "EFI system"},
        {"21686148-6449-6E6F-744E-656564454649", "BIOS boot"},
        {"0FC63DAF-8483-4772-8E79-3D69D8477DE4", "Linux filesystem"},
        {"0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "Linux swap"},
        {"933AC7E1-2EB4-4F13-B844-0E14E2AEF915", "Linux home"},
        {"4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "Linux root (x86-64)"},
        {"B921B045-1DF0-41C3-AF44-4C6F280D3FAE", "Linux root (ARM-64)"},
        {"E6D6D379-F507-44C2-A23C-238F2A3DF928", "Linux LVM"},
        {"A19D880F-05FC-4D3B-A006-743F0F84911E", "Linux RAID"},
        {"EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "Microsoft basic data"},
        {"E3C9E316-0B5C-4DB8-817D-F92DF00215AE", "Microsoft reserved"},
    };
    const auto found = std::ranges::find(known, type, &Known::type);
    return found == std::end(known) ? std::string_view() : found->meaning;
}

}  // namespace quire::partition
