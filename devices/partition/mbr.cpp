// SPDX-License-Identifier: MIT

#include "mbr.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace quire::partition {

namespace {

constexpr std::size_t record_size = 512;
constexpr std::size_t slots_offset = 446;
constexpr std::size_t slot_size = 16;
constexpr std::size_t signature_offset = 510;
constexpr std::uint16_t record_signature = 0xAA55;
constexpr std::uint32_t first_logical = 5;
/// The kernel goes no further along a chain of logical partitions.
constexpr int longest_chain = 100;

std::array<Slot, 4> read_slots(std::span<const std::byte> record) {
    std::array<Slot, 4> slots;
    for (std::size_t index = 0; index < slots.size(); ++index) {
        const auto slot = record.subspan(slots_offset + index * slot_size, slot_size);
        slots[index] = {
            std::to_integer<std::uint8_t>(slot[0]), std::to_integer<std::uint8_t>(slot[4]),
            little_endian<std::uint32_t>(slot, 8), little_endian<std::uint32_t>(slot, 12)};
    }
    return slots;
}

bool has_signature(std::span<const std::byte> record) {
    return little_endian<std::uint16_t>(record, signature_offset) == record_signature;
}

bool is_filesystem(std::span<const std::byte> record) {
    const auto text = [&](std::size_t offset, std::string_view expected) {
        return std::memcmp(&record[offset], expected.data(), expected.size()) == 0;
    };
    return text(3, "NTFS    ") || text(3, "EXFAT   ") || text(54, "FAT1") || text(82, "FAT32");
}

class Reader {
public:
    Reader(const Sectors& sectors, const BootRecord& record) : sectors_(sectors), record_(record) {
        table_.kind = Kind::mbr;
        table_.sector_size = sectors.size;
        table_.id = fmt::format("{:08x}", record.id);
    }

    Result<Table> read() {
        for (std::uint32_t index = 0; index < record_.slots.size(); ++index) {
            const Slot& slot = record_.slots[index];
            if (slot.used()) add(index + 1, slot, 0);
        }
        for (const Slot& slot : record_.slots)
            if (slot.used() && slot.extended()) QUIRE_TRY(follow_chain(slot));
        return std::move(table_);
    }

private:
    /// `base` is the sector that the slot's start counts from.
    void add(std::uint32_t number, const Slot& slot, std::uint64_t base) {
        Entry entry;
        entry.number = number;
        // 32-bit numbers, at most two of them added: this can't overflow.
        entry.range = {(base + slot.start) * sectors_.size,
                       std::uint64_t{slot.length} * sectors_.size};
        entry.type = fmt::format("0x{:02x}", slot.type);
        entry.guid = fmt::format("{:08x}-{:02x}", record_.id, number);
        entry.container = base == 0 && slot.extended();
        table_.entries.push_back(std::move(entry));
    }

    /// A chain: each extended boot record has a partition, whose start counts from that record,
    /// and a link to the next record, whose start counts from the extended partition.
    Result<void> follow_chain(const Slot& extended) {
        std::set<std::uint64_t> visited;
        std::uint64_t at = extended.start;
        std::uint64_t span = extended.length;
        for (int link = 0; link < longest_chain; ++link) {
            if (!visited.insert(at).second) {
                note("the chain of logical partitions runs in a circle");
                return {};
            }
            const auto record = sectors_.read(at, record_size);
            if (!record && record.error() == std::errc::result_out_of_range) {
                note("the chain of logical partitions leaves the disk");
                return {};
            }
            if (!record) return fail(record.error());
            if (!has_signature(*record)) {
                note("the chain of logical partitions breaks off");
                return {};
            }
            const auto slots = read_slots(*record);
            for (std::size_t index = 0; index < slots.size(); ++index) {
                const Slot& slot = slots[index];
                if (!slot.used() || slot.extended()) continue;
                // The last two slots mean nothing; only some systems have put partitions there.
                if (index >= 2 && !plausible(slot, at, span, extended)) continue;
                add(next_logical_++, slot, at);
            }
            const auto next = std::ranges::find_if(
                slots, [](const Slot& slot) { return slot.used() && slot.extended(); });
            if (next == slots.end()) return {};
            at = std::uint64_t{extended.start} + next->start;
            span = next->length;
        }
        note(fmt::format("the chain of logical partitions has more than {} links", longest_chain));
        return {};
    }

    static bool plausible(const Slot& slot, std::uint64_t at, std::uint64_t span,
                          const Slot& extended) {
        const std::uint64_t end = std::uint64_t{slot.start} + slot.length;
        return end <= span && at + end <= std::uint64_t{extended.start} + extended.length;
    }

    void note(std::string_view what) {
        table_.notes.push_back(fmt::format("{} after partition {}", what,
                                           next_logical_ == first_logical ? 4 : next_logical_ - 1));
    }

    const Sectors& sectors_;
    const BootRecord& record_;
    Table table_;
    std::uint32_t next_logical_ = first_logical;
};

}  // namespace

const Slot* BootRecord::protective() const {
    const auto found = std::ranges::find_if(slots, &Slot::protective);
    return found == slots.end() ? nullptr : &*found;
}

Result<std::optional<BootRecord>> read_boot_record(block::Device& device) {
    if (device.geometry().size < record_size) return std::nullopt;
    QUIRE_TRY_ASSIGN(const Bytes bytes, (Sectors{device, 512}.read(0, record_size)));
    if (!has_signature(bytes) || is_filesystem(bytes)) return std::nullopt;
    BootRecord record{little_endian<std::uint32_t>(bytes, 440), read_slots(bytes)};
    // Where a table would be, a filesystem's boot sector has code.
    const bool is_table = std::ranges::all_of(
        record.slots, [](const Slot& slot) { return slot.flag == 0 || slot.flag == 0x80; });
    if (!is_table) return std::nullopt;
    return record;
}

Result<Table> read_mbr(const Sectors& sectors, const BootRecord& record) {
    return Reader(sectors, record).read();
}

}  // namespace quire::partition
