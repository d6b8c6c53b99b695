// SPDX-License-Identifier: MIT

// The input is a disk: its first byte chooses how the rest is laid out, so that a small input can
// be a large disk and get past the checksums of a GPT.

#include <isa-l/crc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "quire/block/memory_device.hpp"
#include "quire/devices/partition/table.hpp"

namespace {

using quire::block::MemoryDevice;

std::uint32_t checksum(std::span<const std::byte> bytes) {
    return ::crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

/// Makes the checksums of a GPT header at `at`, and of the entries it names, right.
void seal(std::vector<std::byte>& disk, std::size_t at, std::size_t sector) {
    if (disk.size() < at + 512) return;
    const auto get32 = [&](std::size_t offset) {
        std::uint32_t value = 0;
        std::memcpy(&value, &disk[at + offset], sizeof value);
        return value;
    };
    const auto put32 = [&](std::size_t offset, std::uint32_t value) {
        std::memcpy(&disk[at + offset], &value, sizeof value);
    };
    std::memcpy(&disk[at], "EFI PART", 8);
    std::uint64_t entries = 0;
    std::memcpy(&entries, &disk[at + 72], sizeof entries);
    const std::uint64_t length = std::uint64_t{get32(80)} * get32(84);
    if (entries < disk.size() / sector && length <= disk.size() - entries * sector)
        put32(88, checksum(std::span(disk).subspan(entries * sector, length)));
    put32(16, 0);
    put32(16, checksum(std::span(disk).subspan(at, std::min<std::size_t>(get32(12), 512))));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace quire;
    if (size == 0) return 0;
    const std::uint8_t layout = data[0];
    const auto input = std::as_bytes(std::span(data, size)).subspan(1);
    std::vector<std::byte> bytes(input.begin(), input.end());
    const std::size_t sector = (layout & 1) != 0 ? 4096 : 512;
    if ((layout & 2) != 0 && bytes.size() >= 512) {
        bytes[510] = std::byte{0x55};
        bytes[511] = std::byte{0xAA};
    }
    if ((layout & 4) != 0) seal(bytes, sector, sector);
    const std::uint64_t disk_size = (layout & 8) != 0 ? std::uint64_t{1} << 40 : bytes.size();
    const auto disk =
        std::make_shared<MemoryDevice>(std::max<std::uint64_t>(disk_size, bytes.size()));
    if (!disk->write(0, bytes)) std::abort();

    const auto table = partition::read_partition_table(*disk);
    if (!table) return 0;
    for (const partition::Entry& entry : table->entries) {
        const auto opened = partition::open_partition(disk, *table, entry.number);
        // What has no problem opens, and lies inside the disk.
        if (entry.problem.empty() && !entry.container && !opened) std::abort();
        if (opened &&
            !block::check_range(entry.range.offset, entry.range.length, disk->geometry().size))
            std::abort();
    }
    return 0;
}
