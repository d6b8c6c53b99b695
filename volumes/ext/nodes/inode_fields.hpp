// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>

#include "content/inode_record.hpp"
#include "quire/base/time.hpp"
#include "quire/fs/attributes.hpp"

namespace quire::ext {

/// The four times that an inode may keep.
enum class Stamp : std::uint8_t { access, modify, change, birth };

/// A time of an inode. 34 bits of seconds (1901 to 2446) and nanoseconds where the inode has the
/// fields for them, 32 bits of seconds otherwise; a birth only where there is a field.
std::optional<Time> get_time(const InodeRecord& inode, Stamp stamp);

/// Sets a time; one that the inode can't hold becomes the nearest that it can. A birth is left out
/// where there is no field for it.
void set_time(InodeRecord& inode, Stamp stamp, Time time);

std::uint32_t get_uid(const InodeRecord& inode);
std::uint32_t get_gid(const InodeRecord& inode);
void set_uid(InodeRecord& inode, std::uint32_t uid);
void set_gid(InodeRecord& inode, std::uint32_t gid);

/// The number of a device node. Numbers up to 255:255 are kept in the form that all kernels know.
fs::DeviceNumber get_device(const InodeRecord& inode);
/// Fails: invalid_argument (a major beyond 12 bits or a minor beyond 20).
Result<void> set_device(InodeRecord& inode, fs::DeviceNumber device);

/// The type byte of directory entries for a mode.
std::uint8_t entry_type(std::uint32_t mode);

}  // namespace quire::ext
