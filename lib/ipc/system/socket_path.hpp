// SPDX-License-Identifier: MIT

#pragma once

#include <sys/un.h>

#include <cstring>
#include <string>

#include "quire/base/name.hpp"
#include "quire/base/result.hpp"

namespace quire::ipc {

/// A path as an address of a Unix socket. Fails: filename_too_long, no_such_file_or_directory
/// (empty), invalid_argument (NUL).
inline Result<sockaddr_un> socket_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty()) return fail(std::errc::no_such_file_or_directory);
    if (path.find('\0') != path.npos) return fail(std::errc::invalid_argument);
    if (path.size() >= sizeof(address.sun_path)) {
        return fail(std::errc::filename_too_long,
                    "a socket's path has at most 107 bytes, so it cannot be " + printable(path));
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

}  // namespace quire::ipc
