// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>

#include "session/file_session.hpp"
#include "session/session_host.hpp"

namespace quire::server {

/// What open(2) says of how.
struct OpenWay {
    fs::OpenMode mode;
    bool create = false;
    bool exclusive = false;
    bool truncate = false;
    bool append = false;
    bool follow = true;
    std::uint16_t permissions = 0;

    /// From the bits of protocols/filesystem.idl. Fails: invalid_argument.
    static Result<OpenWay> parse(std::uint32_t flags, std::uint16_t permissions);
};

struct OpenedFile {
    Accessor accessor;
    fs::Attributes attributes;
};

/// Finds a file by its path, or makes it, and opens it; each inode in its turn. `trail` gets the
/// steps of the walk that found it.
/// Fails: as protocols::OpenerContext::open.
Result<OpenedFile> open_file(SessionHost& host, const Authority& authority, const fs::Call& call,
                             const Path& path, const OpenWay& way, fs::Trail* trail = nullptr);

}  // namespace quire::server
