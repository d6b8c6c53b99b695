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

char type_letter(FileType type) {
    switch (type) {
        case FileType::regular:
            return 'f';
        case FileType::directory:
            return 'd';
        case FileType::symbolic_link:
            return 'l';
        case FileType::character_device:
            return 'c';
        case FileType::block_device:
            return 'b';
        case FileType::fifo:
            return 'p';
        case FileType::socket:
            return 's';
        case FileType::unknown:
            break;
    }
    return '?';
}

std::string_view type_name(FileType type) {
    switch (type) {
        case FileType::regular:
            return "regular file";
        case FileType::directory:
            return "directory";
        case FileType::symbolic_link:
            return "symbolic link";
        case FileType::character_device:
            return "character device";
        case FileType::block_device:
            return "block device";
        case FileType::fifo:
            return "fifo";
        case FileType::socket:
            return "socket";
        case FileType::unknown:
            break;
    }
    return "unknown";
}

std::uint32_t Attributes::mode() const {
    return mode_bits(type) | permissions;
}

}  // namespace quire::fs
