// SPDX-License-Identifier: MIT

#include <sys/stat.h>

#include <array>

#include "c/handles.hpp"

namespace quire::client {

namespace {

using protocols::FileType;

constexpr std::array<std::pair<FileType, std::uint32_t>, 7> types{
    {{FileType::regular, S_IFREG},
     {FileType::directory, S_IFDIR},
     {FileType::symbolic_link, S_IFLNK},
     {FileType::character_device, S_IFCHR},
     {FileType::block_device, S_IFBLK},
     {FileType::fifo, S_IFIFO},
     {FileType::socket, S_IFSOCK}}};

quire_client_time time_for_c(const protocols::Time& time) {
    return {.seconds = time.seconds, .nanoseconds = time.nanoseconds};
}

}  // namespace

std::uint32_t mode_of_type(FileType type) {
    for (const auto& [one, mode] : types)
        if (one == type) return mode;
    return 0;
}

std::optional<FileType> type_of_mode(std::uint32_t mode) {
    for (const auto& [type, one] : types)
        if (one == (mode & S_IFMT)) return type;
    return std::nullopt;
}

quire_client_attributes attributes_for_c(const protocols::Attributes& attributes) {
    return {.mode = mode_of_type(attributes.type) | attributes.permissions,
            .uid = attributes.uid,
            .gid = attributes.gid,
            .links = attributes.links,
            .size = attributes.size,
            .allocated = attributes.allocated,
            .inode = attributes.inode,
            .generation = attributes.generation,
            .device_major = attributes.device.major_number,
            .device_minor = attributes.device.minor_number,
            .preferred_io_size = attributes.preferred_io_size,
            .flags = attributes.flags,
            .has_birth = attributes.has_birth ? 1U : 0U,
            .access = time_for_c(attributes.access),
            .modify = time_for_c(attributes.modify),
            .change = time_for_c(attributes.change),
            .birth = time_for_c(attributes.birth)};
}

}  // namespace quire::client
