// SPDX-License-Identifier: MIT

#include "quire/fs/attributes.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "quire/fs/credentials.hpp"

namespace quire::fs {

bool Credentials::in_group(std::uint32_t group) const {
    return gid == group || std::ranges::find(groups, group) != groups.end();
}

std::uint32_t mode_bits(FileType type) {
    switch (type) {
        case FileType::regular:
            return S_IFREG;
        case FileType::directory:
            return S_IFDIR;
        case FileType::symbolic_link:
            return S_IFLNK;
        case FileType::character_device:
            return S_IFCHR;
        case FileType::block_device:
            return S_IFBLK;
        case FileType::fifo:
            return S_IFIFO;
        case FileType::socket:
            return S_IFSOCK;
        case FileType::unknown:
            break;
    }
    return 0;
}

FileType type_of_mode(std::uint32_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return FileType::regular;
        case S_IFDIR:
            return FileType::directory;
        case S_IFLNK:
            return FileType::symbolic_link;
        case S_IFCHR:
            return FileType::character_device;
        case S_IFBLK:
            return FileType::block_device;
        case S_IFIFO:
            return FileType::fifo;
        case S_IFSOCK:
            return FileType::socket;
        default:
            return FileType::unknown;
    }
}

std::uint32_t Attributes::mode() const {
    return mode_bits(type) | permissions;
}

}  // namespace quire::fs
