// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "content/directory.hpp"

namespace quire::ext {

/// The records of a directory that follow one another in a piece of memory: in a block, or in the
/// parts of an inode. Each has an inode number (0: unused), its length, and a name.

/// A record, found sound.
struct Record {
    std::size_t offset = 0;
    std::size_t length = 0;  ///< with the unused space behind the name
    ext2_ino_t inode = 0;
    std::uint8_t type = 0;  ///< EXT2_FT_*; 0 where the filesystem has none
    std::string_view name;  ///< in the memory given

    bool is_used() const { return inode != 0; }
    bool is_dot() const { return name == "." || name == ".."; }
};

inline constexpr std::size_t record_header = 8;
inline constexpr std::size_t smallest_record = 12;
/// The record at the end of a block that holds its checksum.
inline constexpr std::size_t checksum_record = 12;

constexpr std::size_t record_size(std::size_t name_length) {
    return (record_header + name_length + 3) & ~std::size_t{3};
}

/// What the records of a filesystem look like.
struct RecordFormat {
    explicit RecordFormat(ext2_filsys fs);

    std::uint32_t inodes;
    bool with_type;
    bool wide;  ///< blocks of 64 KiB, whose length does not fit the field
};

/// Whether `area` is a whole number of sound records; otherwise what is wrong.
const char* find_fault(const RecordFormat& format, std::span<const std::byte> area);

/// Calls `visit` with each record, unused ones too, until it answers false.
/// Needs: the area is without fault, here and below.
void visit_records(const RecordFormat& format, std::span<const std::byte> area,
                   const std::function<bool(const Record&)>& visit);
std::optional<Record> find_record(const RecordFormat& format, std::span<const std::byte> area,
                                  std::string_view name);

/// The size of the largest record that would still fit.
std::size_t largest_gap(const RecordFormat& format, std::span<const std::byte> area);
/// Puts a record into the first gap that takes it; false when none does.
bool insert_record(const RecordFormat& format, std::span<std::byte> area, std::string_view name,
                   NameTarget target);
/// Removes the record at `offset`; none of the others moves.
void remove_record(const RecordFormat& format, std::span<std::byte> area, std::size_t offset);
/// Gives the record at `offset` another meaning.
void retarget_record(const RecordFormat& format, std::span<std::byte> area, std::size_t offset,
                     NameTarget target);

/// Makes the area one unused record.
void clear_records(const RecordFormat& format, std::span<std::byte> area);
/// Writes one record of `length` bytes at the beginning of `at`.
void write_record(const RecordFormat& format, std::span<std::byte> at, std::size_t length,
                  std::string_view name, NameTarget target);

fs::FileType file_type_of(std::uint8_t type);
std::uint8_t type_of_file(fs::FileType type);

}  // namespace quire::ext
