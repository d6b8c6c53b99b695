// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "quire/base/units.hpp"
#include "quire/memory/layout.hpp"

// Names and attributes in memory that a server shares with its clients, who may only read it.
//
// A table is one segment: as many heads (std::uint32_t) as it has buckets, a power of two, and behind
// them, from a multiple of 4 KiB on, its records, which are numbered from 1 on. A head is the number
// of the first record of its bucket, each record has that of the next one, and 0 is the end.
//
// A record is what one name in one directory leads to, found by the node of the directory and the
// name; that of the root has no directory (0) and no name. It counts while its word, which is
// [generation:63][valid:1], is the same before it is copied and afterwards; what lies elsewhere and
// belongs to it, the first bytes of a file or where a symbolic link leads, counts as long. A walk is
// right if all of its records count at its end. What is not there must be asked for; that there is no
// such name says only a record of that kind.
namespace quire::paging {

enum class RecordKind : std::uint8_t { none = 0, node = 1, missing = 2 };

/// The identity may look names up in the directory.
inline constexpr std::uint8_t record_searchable = 1;
/// All of the content is there, and the identity may read it.
inline constexpr std::uint8_t record_with_content = 2;

/// Attributes of a node; types as protocols/filesystem.idl numbers them.
struct NodeImage {
    std::uint8_t type = 0;
    std::uint8_t has_birth = 0;
    std::uint16_t permissions = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t links = 0;
    std::uint64_t size = 0;
    std::uint64_t allocated = 0;
    std::uint64_t inode = 0;
    std::uint32_t generation = 0;
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    std::uint32_t preferred_io_size = 0;
    std::uint32_t flags = 0;
    std::uint32_t unused = 0;
    /// Access, modify, change, birth.
    std::array<std::int64_t, 4> seconds{};
    std::array<std::uint32_t, 4> nanoseconds{};
};
static_assert(sizeof(NodeImage) == 112);

inline constexpr std::size_t name_beginning = 16;
inline constexpr std::size_t name_rest = 80;
/// What has a longer name is asked for.
inline constexpr std::size_t longest_shown_name = name_beginning + name_rest;

/// Longer content is not shown there.
inline constexpr std::size_t longest_shown_content = 16 * KiB;

/// What stands in the first cache line of a record, behind what finds it.
struct RecordHead {
    std::uint64_t node = 0;  ///< never another's; 0 where there is none
    RecordKind kind = RecordKind::none;
    std::uint8_t name_length = 0;
    std::uint8_t flags = 0;
    std::uint8_t unused = 0;
    std::uint32_t content_segment = 0;
    std::uint32_t content_offset = 0;
    std::uint32_t content_length = 0;
};

struct NameRecord {
    std::atomic<std::uint64_t> word;
    std::atomic<std::uint64_t> directory;
    std::atomic<std::uint32_t> tag;
    std::atomic<std::uint32_t> next;
    RecordHead head;
    std::array<char, name_beginning> name;
    NodeImage attributes;
    std::array<char, name_rest> more_of_name;
};
static_assert(sizeof(NameRecord) == 256 && offsetof(NameRecord, attributes) == 64);

using BucketHead = std::atomic<std::uint32_t>;
static_assert(BucketHead::is_always_lock_free && sizeof(BucketHead) == 4);

/// No chain is followed further.
inline constexpr int longest_chain = 32;

struct NameTableShape {
    std::uint32_t segment = 0;
    std::uint32_t buckets = 0;  ///< a power of two
    std::uint32_t records = 0;

    std::uint64_t records_offset() const {
        constexpr std::uint64_t page = 4 * KiB;
        return (std::uint64_t{buckets} * sizeof(BucketHead) + page - 1) / page * page;
    }
    std::uint64_t size() const {
        return records_offset() + std::uint64_t{records} * sizeof(NameRecord);
    }
};

/// By which a name in a directory is found: the low bits say in which bucket, the others are its tag.
inline std::uint64_t hash_of_name(std::uint64_t directory, std::string_view name) {
    constexpr std::uint64_t factor = 0x9E3779B97F4A7C15;
    std::uint64_t hash = (directory + name.size()) * factor;
    const auto mix = [&](std::uint64_t word) {
        hash = (hash ^ word) * factor;
        hash ^= hash >> 29U;
    };
    std::size_t done = 0;
    for (; name.size() - done >= sizeof(std::uint64_t); done += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, name.data() + done, sizeof word);
        mix(word);
    }
    std::uint64_t last = 0;
    for (unsigned shift = 0; done < name.size(); ++done, shift += 8)
        last |= std::uint64_t{static_cast<unsigned char>(name[done])} << shift;
    mix(last);
    return hash * factor;
}
constexpr std::uint32_t tag_of_hash(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U);
}

}  // namespace quire::paging
