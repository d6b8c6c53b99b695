// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "quire/base/time.hpp"

namespace quire::fs {

enum class FileType : std::uint8_t {
    unknown,
    regular,
    directory,
    symbolic_link,
    character_device,
    block_device,
    fifo,
    socket,
};

/// A device number, wide enough for any filesystem.
struct DeviceNumber {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    friend bool operator==(const DeviceNumber&, const DeviceNumber&) = default;
};

/// Bits of `permissions`, as in POSIX.
inline constexpr std::uint16_t set_user_id = 04000;
inline constexpr std::uint16_t set_group_id = 02000;
inline constexpr std::uint16_t sticky = 01000;
inline constexpr std::uint16_t permission_mask = 07777;

// Of Attributes::flags, those that fs::Tree minds.
inline constexpr std::uint32_t immutable_flag = 0x10;    ///< FS_IMMUTABLE_FL
inline constexpr std::uint32_t append_only_flag = 0x20;  ///< FS_APPEND_FL

struct Attributes {
    FileType type = FileType::unknown;
    std::uint16_t permissions = 0;  ///< the low twelve bits of a POSIX mode
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t links = 0;
    std::uint64_t size = 0;       ///< bytes
    std::uint64_t allocated = 0;  ///< bytes of the device in use
    std::uint64_t inode = 0;
    std::uint32_t generation = 0;
    DeviceNumber device;  ///< of a character or block device
    std::uint32_t preferred_io_size = 4096;
    std::uint32_t flags = 0;  ///< FS_*_FL (immutable, append …) as <linux/fs.h> has them
    Time access;
    Time modify;
    Time change;
    std::optional<Time> birth;

    /// The mode as POSIX has it: file type bits and permissions.
    std::uint32_t mode() const;
};

/// The file type bits (S_IFMT) of a type, and back; unknown bits are FileType::unknown.
std::uint32_t mode_bits(FileType type);
FileType type_of_mode(std::uint32_t mode);
/// The letter of a type, f d l c b p s or ?, and its name: "regular file", "directory", …
char type_letter(FileType type);
std::string_view type_name(FileType type);

/// What setattr changes: only what is set. Times that are not set follow POSIX (a change of size
/// sets modify, every change sets change).
struct AttributeChanges {
    std::optional<std::uint16_t> permissions = {};
    std::optional<std::uint32_t> uid = {};
    std::optional<std::uint32_t> gid = {};
    std::optional<std::uint64_t> size = {};
    std::optional<Time> access = {};
    std::optional<Time> modify = {};
    /// For restoring archives and reproducible images; a volume that can't ignores it.
    std::optional<Time> change = {};
    std::optional<Time> birth = {};

    bool empty() const {
        return !permissions && !uid && !gid && !size && !access && !modify && !change && !birth;
    }
};

/// How long what was answered may be kept by a cache without asking again. Zero: not at all;
/// the maximum: until the volume invalidates it through its Observer.
using Lifetime = std::chrono::milliseconds;
inline constexpr Lifetime until_invalidated = Lifetime::max();

/// Identity of a node across its whole life: an inode number given again has a new generation.
struct Handle {
    std::uint64_t inode = 0;
    std::uint64_t generation = 0;
    friend auto operator<=>(const Handle&, const Handle&) = default;
};

struct VolumeStatistics {
    std::uint32_t block_size = 4096;
    std::uint64_t blocks = 0;
    std::uint64_t free_blocks = 0;
    std::uint64_t available_blocks = 0;  ///< free for others than root
    std::uint64_t inodes = 0;
    std::uint64_t free_inodes = 0;
    std::uint32_t name_length = 255;
    bool read_only = false;
};

}  // namespace quire::fs
