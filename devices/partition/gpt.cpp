// SPDX-License-Identifier: MIT

#include "gpt.hpp"

#include <fmt/core.h>
#include <isa-l/crc.h>

#include <algorithm>
#include <string_view>

#include "quire/base/units.hpp"

namespace quire::partition {

namespace {

constexpr std::string_view header_signature = "EFI PART";
constexpr std::size_t header_size = 92;
constexpr std::size_t smallest_entry = 128;
constexpr std::size_t largest_entry = 4096;
constexpr std::uint64_t largest_array = 4 * MiB;

std::uint32_t checksum(std::span<const std::byte> bytes) {
    return ::crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

/// Groups of a GUID are numbers of 4, 2 and 2 bytes, stored little-endian; the rest are bytes.
std::string guid_text(std::span<const std::byte> bytes) {
    std::string text =
        fmt::format("{:08X}-{:04X}-{:04X}-", little_endian<std::uint32_t>(bytes, 0),
                    little_endian<std::uint16_t>(bytes, 4), little_endian<std::uint16_t>(bytes, 6));
    for (std::size_t index = 8; index < 16; ++index)
        text += fmt::format("{}{:02X}", index == 10 ? "-" : "",
                            std::to_integer<unsigned>(bytes[index]));
    return text;
}

void append_utf8(std::string& text, std::uint32_t point) {
    const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xC0 | point >> 6);
        put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        put(0xE0 | point >> 12);
        put(0x80 | (point >> 6 & 0x3F));
        put(0x80 | (point & 0x3F));
    } else {
        put(0xF0 | point >> 18);
        put(0x80 | (point >> 12 & 0x3F));
        put(0x80 | (point >> 6 & 0x3F));
        put(0x80 | (point & 0x3F));
    }
}

/// A name is UTF-16, ended by NUL or the end of its field. Half a surrogate pair becomes U+FFFD.
std::string name_text(std::span<const std::byte> bytes) {
    const std::size_t units = bytes.size() / 2;
    std::string text;
    for (std::size_t index = 0; index < units; ++index) {
        std::uint32_t point = little_endian<std::uint16_t>(bytes, 2 * index);
        if (point == 0) break;
        if (point >= 0xD800 && point < 0xE000) {
            const std::uint32_t low =
                index + 1 < units ? little_endian<std::uint16_t>(bytes, 2 * (index + 1)) : 0;
            if (point < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
                point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
                ++index;
            } else {
                point = 0xFFFD;
            }
        }
        append_utf8(text, point);
    }
    return text;
}

/// One header and its array of entries, both sound.
struct Header {
    std::uint32_t sector_size = 512;
    std::uint64_t backup = 0;
    std::uint64_t first_usable = 0;
    std::uint64_t last_usable = 0;
    std::string disk;
    std::size_t entry_size = 0;
    std::uint32_t entries_checksum = 0;
    Bytes entries;
};

/// A header that is not sound is an error of bad_message that says why.
Result<Header> read_header(const Sectors& sectors, std::uint64_t sector) {
    const auto bad = [](std::string_view why) {
        return fail(std::errc::bad_message, std::string(why));
    };
    auto read = sectors.read(sector, sectors.size);
    if (!read && read.error() == std::errc::result_out_of_range)
        return bad("it lies outside the disk");
    if (!read) return fail(std::move(read).error());
    Bytes& bytes = *read;
    const std::span<const std::byte> view(bytes);
    if (std::memcmp(bytes.data(), header_signature.data(), header_signature.size()) != 0)
        return bad("its signature is missing");
    const auto length = little_endian<std::uint32_t>(view, 12);
    if (length < header_size || length > bytes.size()) return bad("its length is impossible");
    const auto sum = little_endian<std::uint32_t>(view, 16);
    std::fill_n(bytes.begin() + 16, 4, std::byte{});
    if (checksum(view.first(length)) != sum) return bad("its checksum is wrong");
    if (little_endian<std::uint64_t>(view, 24) != sector) return bad("it belongs elsewhere");

    Header header;
    header.sector_size = sectors.size;
    header.backup = little_endian<std::uint64_t>(view, 32);
    header.first_usable = little_endian<std::uint64_t>(view, 40);
    header.last_usable = little_endian<std::uint64_t>(view, 48);
    header.disk = guid_text(view.subspan(56, 16));
    header.entry_size = little_endian<std::uint32_t>(view, 84);
    header.entries_checksum = little_endian<std::uint32_t>(view, 88);
    const std::uint64_t count = little_endian<std::uint32_t>(view, 80);
    if (header.first_usable > header.last_usable + 1) return bad("its usable range is impossible");
    // 128 times a power of two, says the UEFI specification.
    if (header.entry_size < smallest_entry || header.entry_size > largest_entry ||
        (header.entry_size & (header.entry_size - 1)) != 0)
        return bad("its entries have an impossible size");
    if (count * header.entry_size > largest_array) return bad("it has too many entries");

    auto entries = sectors.read(little_endian<std::uint64_t>(view, 72),
                                static_cast<std::size_t>(count * header.entry_size));
    if (!entries && entries.error() == std::errc::result_out_of_range)
        return bad("its entries lie outside the disk");
    if (!entries) return fail(std::move(entries).error());
    if (checksum(*entries) != header.entries_checksum)
        return bad("the checksum of its entries is wrong");
    header.entries = std::move(*entries);
    return header;
}

bool is_damage(const Result<Header>& header) {
    return !header && header.error() == std::errc::bad_message;
}

Entry make_entry(const Sectors& sectors, const Header& header, std::uint32_t number,
                 std::span<const std::byte> bytes) {
    const auto first = little_endian<std::uint64_t>(bytes, 32);
    const auto last = little_endian<std::uint64_t>(bytes, 40);
    Entry entry;
    entry.number = number;
    entry.type = guid_text(bytes.first(16));
    entry.guid = guid_text(bytes.subspan(16, 16));
    entry.name = name_text(bytes.subspan(56, smallest_entry - 56));
    // `last` belongs to the partition.
    const bool possible = first <= last && last < ~std::uint64_t{0};
    const auto range = possible ? sectors.range(first, last - first + 1) : std::nullopt;
    if (!range)
        entry.problem = "ends before it begins or beyond any disk";
    else if (first < header.first_usable || last > header.last_usable)
        entry.problem = "leaves the usable part of the disk";
    if (range) entry.range = *range;
    return entry;
}

Table make_table(const Sectors& sectors, const Header& header) {
    Table table;
    table.kind = Kind::gpt;
    table.sector_size = header.sector_size;
    table.id = header.disk;
    const std::span<const std::byte> entries(header.entries);
    for (std::size_t at = 0; at < entries.size(); at += header.entry_size) {
        const auto bytes = entries.subspan(at, header.entry_size);
        const bool used = std::ranges::any_of(bytes.first(16),
                                              [](std::byte byte) { return byte != std::byte{}; });
        if (!used) continue;
        const auto number = static_cast<std::uint32_t>(at / header.entry_size + 1);
        table.entries.push_back(make_entry(sectors, header, number, bytes));
    }
    return table;
}

/// Reads the backup and notes what is the matter with it; the primary is what counts.
Result<void> compare_backup(const Sectors& sectors, const Header& primary, Table& table) {
    const auto backup = read_header(sectors, primary.backup);
    if (is_damage(backup)) {
        table.notes.push_back("the backup of the GPT is damaged: " + backup.error().sentence());
        return {};
    }
    if (!backup) return fail(backup.error());
    if (backup->entries_checksum != primary.entries_checksum || backup->disk != primary.disk)
        table.notes.push_back("the backup of the GPT differs from the table in use");
    return {};
}

}  // namespace

Result<Table> read_gpt(block::Device& device, const Slot& protective, std::uint32_t sector_size) {
    std::string why_primary;
    for (const std::uint32_t size : {512U, 4096U}) {
        if (sector_size != 0 && size != sector_size) continue;
        const Sectors sectors{device, size};
        const auto header = read_header(sectors, 1);
        if (header) {
            Table table = make_table(sectors, *header);
            QUIRE_TRY(compare_backup(sectors, *header, table));
            return table;
        }
        if (!is_damage(header)) return fail(header.error());
        if (why_primary.empty()) why_primary = header.error().sentence();
    }
    for (const std::uint32_t size : {512U, 4096U}) {
        if (sector_size != 0 && size != sector_size) continue;
        const Sectors sectors{device, size};
        // The last sector; or, when the image has grown since, the last that the protective MBR
        // covers.
        for (const std::uint64_t end :
             {sectors.count(), std::uint64_t{protective.start} + protective.length}) {
            if (end < 2) continue;
            const auto header = read_header(sectors, end - 1);
            if (header) {
                Table table = make_table(sectors, *header);
                table.notes.push_back("the GPT is damaged, its backup was used: " + why_primary);
                return table;
            }
            if (!is_damage(header)) return fail(header.error());
        }
    }
    return fail(std::errc::bad_message, fmt::format("the GPT of {} and its backup are damaged: {}",
                                                    device.describe(), why_primary));
}

Result<bool> has_gpt(block::Device& device, std::uint32_t sector_size) {
    for (const std::uint32_t size : {512U, 4096U}) {
        if (sector_size != 0 && size != sector_size) continue;
        const auto header = read_header({device, size}, 1);
        if (header) return true;
        if (!is_damage(header)) return fail(header.error());
    }
    return false;
}

}  // namespace quire::partition
