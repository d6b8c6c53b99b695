// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string_view>

#include "quire/base/result.hpp"
#include "quire/base/units.hpp"

namespace quire::client {

/// The open_... flags (protocols/filesystem.idl) of a mode as fopen(3) has it: r, w or a, with +, b, e
/// and x behind it.
/// Fails: invalid_argument (another letter).
Result<std::uint32_t> flags_of_mode(std::string_view mode);

/// How a File is used.
struct OpenOptions {
    /// Of a file that is made, before the context's umask.
    std::uint16_t permissions = 0666;
    /// Reads ahead and writes behind. Without, each operation is a message and sees at once what others
    /// did, as read(2) and write(2) do.
    bool buffered = true;
    /// Content that comes with the open of a buffered file for reading, at most content_limit.
    std::uint32_t first_bytes = 16 * KiB;
};

}  // namespace quire::client
