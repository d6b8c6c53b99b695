// SPDX-License-Identifier: MIT

#include "quire/wire/values.hpp"

#include <algorithm>
#include <tuple>

namespace quire::wire {

namespace {

constexpr std::uint32_t nanoseconds_in_a_second = 1'000'000'000;

constexpr std::uint32_t known_changes = protocols::change_permissions | protocols::change_uid |
                                        protocols::change_gid | protocols::change_size |
                                        protocols::change_access | protocols::change_modify |
                                        protocols::change_change | protocols::change_birth;

// The numbers of both are the same, which the following says to the compiler.
static_assert(enum_cast<protocols::FileType>(fs::FileType::socket) == protocols::FileType::socket);
static_assert(enum_cast<protocols::SetAttributeMode>(fs::SetAttributeMode::replace) ==
              protocols::SetAttributeMode::replace);
static_assert(enum_cast<protocols::SeekTo>(fs::SeekTo::hole) == protocols::SeekTo::hole);
static_assert(enum_cast<protocols::AllocateMode>(fs::AllocateMode::zero_range) ==
              protocols::AllocateMode::zero_range);

}  // namespace

protocols::Time to_wire(const Time& time) {
    return {time.seconds, time.nanoseconds};
}

Time ours(const protocols::Time& time) {
    return {time.seconds, std::min(time.nanoseconds, nanoseconds_in_a_second - 1)};
}

protocols::Attributes to_wire(const fs::Attributes& from) {
    protocols::Attributes to;
    to.type = enum_cast<protocols::FileType>(from.type);
    to.permissions = from.permissions;
    to.uid = from.uid;
    to.gid = from.gid;
    to.links = from.links;
    to.size = from.size;
    to.allocated = from.allocated;
    to.inode = from.inode;
    to.generation = from.generation;
    to.device = {from.device.major, from.device.minor};
    to.preferred_io_size = from.preferred_io_size;
    to.flags = from.flags;
    to.access = to_wire(from.access);
    to.modify = to_wire(from.modify);
    to.change = to_wire(from.change);
    to.has_birth = from.birth.has_value();
    if (from.birth) to.birth = to_wire(*from.birth);
    return to;
}

fs::Attributes ours(const protocols::Attributes& from) {
    fs::Attributes to;
    to.type = enum_cast<fs::FileType>(from.type);
    to.permissions = from.permissions & fs::permission_mask;
    to.uid = from.uid;
    to.gid = from.gid;
    to.links = from.links;
    to.size = from.size;
    to.allocated = from.allocated;
    to.inode = from.inode;
    to.generation = from.generation;
    to.device = {from.device.major_number, from.device.minor_number};
    to.preferred_io_size = from.preferred_io_size;
    to.flags = from.flags;
    to.access = ours(from.access);
    to.modify = ours(from.modify);
    to.change = ours(from.change);
    if (from.has_birth) to.birth = ours(from.birth);
    return to;
}

protocols::AttributeChanges to_wire(const fs::AttributeChanges& from) {
    protocols::AttributeChanges to;
    const auto set = [&](const auto& value, std::uint32_t bit, auto& place) {
        if (!value) return;
        to.which |= bit;
        place = *value;
    };
    const auto set_time = [&](const std::optional<Time>& value, std::uint32_t bit,
                              protocols::Time& place) {
        if (!value) return;
        to.which |= bit;
        place = to_wire(*value);
    };
    set(from.permissions, protocols::change_permissions, to.permissions);
    set(from.uid, protocols::change_uid, to.uid);
    set(from.gid, protocols::change_gid, to.gid);
    set(from.size, protocols::change_size, to.size);
    set_time(from.access, protocols::change_access, to.access);
    set_time(from.modify, protocols::change_modify, to.modify);
    set_time(from.change, protocols::change_change, to.change);
    set_time(from.birth, protocols::change_birth, to.birth);
    return to;
}

Result<fs::AttributeChanges> ours(const protocols::AttributeChanges& from) {
    if ((from.which & ~known_changes) != 0) return fail(std::errc::invalid_argument);
    fs::AttributeChanges to;
    const auto has = [&](std::uint32_t bit) { return (from.which & bit) != 0; };
    if (has(protocols::change_permissions)) to.permissions = from.permissions & fs::permission_mask;
    if (has(protocols::change_uid)) to.uid = from.uid;
    if (has(protocols::change_gid)) to.gid = from.gid;
    if (has(protocols::change_size)) to.size = from.size;
    for (const auto& [bit, time, place] :
         {std::tuple{protocols::change_access, &from.access, &to.access},
          std::tuple{protocols::change_modify, &from.modify, &to.modify},
          std::tuple{protocols::change_change, &from.change, &to.change},
          std::tuple{protocols::change_birth, &from.birth, &to.birth}}) {
        if (!has(bit)) continue;
        if (time->nanoseconds >= nanoseconds_in_a_second) return fail(std::errc::invalid_argument);
        *place = ours(*time);
    }
    return to;
}

protocols::Statistics to_wire(const fs::VolumeStatistics& from) {
    return {from.block_size, from.blocks,      from.free_blocks, from.available_blocks,
            from.inodes,     from.free_inodes, from.name_length, from.read_only};
}

fs::VolumeStatistics ours(const protocols::Statistics& from) {
    return {from.block_size, from.blocks,      from.free_blocks, from.available_blocks,
            from.inodes,     from.free_inodes, from.name_length, from.read_only};
}

}  // namespace quire::wire
