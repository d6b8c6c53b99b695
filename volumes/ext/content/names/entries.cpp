// SPDX-License-Identifier: MIT

#include "content/names/entries.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace quire::ext {

namespace {

struct Header {
    std::uint32_t inode;
    std::uint16_t length;
    std::uint8_t name_length;
    std::uint8_t type;
};
static_assert(sizeof(Header) == record_header);

constexpr std::array file_types{fs::FileType::unknown,      fs::FileType::regular,
                                fs::FileType::directory,    fs::FileType::character_device,
                                fs::FileType::block_device, fs::FileType::fifo,
                                fs::FileType::socket,       fs::FileType::symbolic_link};

Header header_at(std::span<const std::byte> area, std::size_t offset) {
    Header header;
    std::memcpy(&header, area.data() + offset, sizeof header);
    return header;
}

void put_header(std::span<std::byte> area, std::size_t offset, const Header& header) {
    std::memcpy(area.data() + offset, &header, sizeof header);
}

// The length of a record in a block of 64 KiB: multiples of four leave two bits for the top, and
// the whole block is written as 65535 (or 0).
std::size_t decode_length(const RecordFormat& format, std::uint16_t length) {
    if (!format.wide) return length;
    if (length == 65535 || length == 0) return 65536;
    return (length & 65532u) | (length & 3u) << 16;
}

std::uint16_t encode_length(const RecordFormat& format, std::size_t length) {
    if (format.wide && length >= 65536) return 65535;
    return static_cast<std::uint16_t>(length);
}

Record record_at(const RecordFormat& format, std::span<const std::byte> area, std::size_t offset) {
    const Header header = header_at(area, offset);
    return {.offset = offset,
            .length = decode_length(format, header.length),
            .inode = header.inode,
            .type = format.with_type ? header.type : std::uint8_t{0},
            .name = {reinterpret_cast<const char*>(area.data()) + offset + record_header,
                     header.name_length}};
}

std::size_t used_size(const Record& record) {
    return record.is_used() ? record_size(record.name.size()) : 0;
}

}  // namespace

RecordFormat::RecordFormat(ext2_filsys fs)
    : inodes(fs->super->s_inodes_count),
      with_type(ext2fs_has_feature_filetype(fs->super)),
      wide(fs->blocksize >= 65536) {}

const char* find_fault(const RecordFormat& format, std::span<const std::byte> area) {
    std::size_t offset = 0;
    while (offset < area.size()) {
        const std::size_t left = area.size() - offset;
        if (left < record_header) return "a directory ends inside a record";
        const Header header = header_at(area, offset);
        const std::size_t length = decode_length(format, header.length);
        if (length < smallest_record || length % 4 != 0 || length > left)
            return "a record of a directory has an impossible length";
        if (record_size(header.name_length) > length)
            return "a name in a directory is longer than its record";
        if (header.inode > format.inodes)
            return "a name in a directory belongs to an inode that does not exist";
        if (header.inode != 0 && header.name_length == 0) return "a name in a directory is empty";
        offset += length;
    }
    return nullptr;
}

void visit_records(const RecordFormat& format, std::span<const std::byte> area,
                   const std::function<bool(const Record&)>& visit) {
    for (std::size_t offset = 0; offset < area.size();) {
        const Record record = record_at(format, area, offset);
        if (!visit(record)) return;
        offset += record.length;
    }
}

std::optional<Record> find_record(const RecordFormat& format, std::span<const std::byte> area,
                                  std::string_view name) {
    for (std::size_t offset = 0; offset < area.size();) {
        const Record record = record_at(format, area, offset);
        if (record.is_used() && record.name == name) return record;
        offset += record.length;
    }
    return std::nullopt;
}

std::size_t largest_gap(const RecordFormat& format, std::span<const std::byte> area) {
    std::size_t largest = 0;
    for (std::size_t offset = 0; offset < area.size();) {
        const Record record = record_at(format, area, offset);
        largest = std::max(largest, record.length - used_size(record));
        offset += record.length;
    }
    return largest;
}

bool insert_record(const RecordFormat& format, std::span<std::byte> area, std::string_view name,
                   NameTarget target) {
    const std::size_t wanted = record_size(name.size());
    for (std::size_t offset = 0; offset < area.size();) {
        const Record record = record_at(format, area, offset);
        const std::size_t used = used_size(record);
        if (record.length - used >= wanted) {
            if (used > 0) {
                Header header = header_at(area, offset);
                header.length = encode_length(format, used);
                put_header(area, offset, header);
            }
            write_record(format, area.subspan(offset + used), record.length - used, name, target);
            return true;
        }
        offset += record.length;
    }
    return false;
}

void remove_record(const RecordFormat& format, std::span<std::byte> area, std::size_t offset) {
    std::optional<std::size_t> previous;
    for (std::size_t at = 0; at < offset;) {
        previous = at;
        at += record_at(format, area, at).length;
    }
    const std::size_t length = record_at(format, area, offset).length;
    Header header = header_at(area, offset);
    header.inode = 0;
    put_header(area, offset, header);
    if (!previous) return;
    Header before = header_at(area, *previous);
    before.length = encode_length(format, decode_length(format, before.length) + length);
    put_header(area, *previous, before);
    // What was removed should not be found in the image by those who look for it.
    std::ranges::fill(area.subspan(offset, length), std::byte{0});
}

void retarget_record(const RecordFormat& format, std::span<std::byte> area, std::size_t offset,
                     NameTarget target) {
    Header header = header_at(area, offset);
    header.inode = target.inode;
    header.type = format.with_type ? type_of_file(target.type) : std::uint8_t{0};
    put_header(area, offset, header);
}

void clear_records(const RecordFormat& format, std::span<std::byte> area) {
    std::ranges::fill(area, std::byte{0});
    put_header(
        area, 0,
        {.inode = 0, .length = encode_length(format, area.size()), .name_length = 0, .type = 0});
}

void write_record(const RecordFormat& format, std::span<std::byte> at, std::size_t length,
                  std::string_view name, NameTarget target) {
    put_header(at, 0,
               {.inode = target.inode,
                .length = encode_length(format, length),
                .name_length = static_cast<std::uint8_t>(name.size()),
                .type = format.with_type ? type_of_file(target.type) : std::uint8_t{0}});
    std::memcpy(at.data() + record_header, name.data(), name.size());
    const std::size_t end = record_header + name.size();
    std::ranges::fill(at.subspan(end, record_size(name.size()) - end), std::byte{0});
}

fs::FileType file_type_of(std::uint8_t type) {
    return type < file_types.size() ? file_types[type] : fs::FileType::unknown;
}

std::uint8_t type_of_file(fs::FileType type) {
    const auto found = std::ranges::find(file_types, type);
    return static_cast<std::uint8_t>(found - file_types.begin());
}

}  // namespace quire::ext
