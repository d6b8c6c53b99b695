// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string>

#include "change/target.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::app {

/// A stream of bytes where others have a file: standard input or output, or a fifo or device of
/// the host. There are no holes in it, nothing to preserve, and it can't be read twice.
struct Stream {
    int fd = -1;
    UniqueFd owned;  // unless it is a standard stream
    std::string name;
};

/// What an operand is, if it is a stream: `-`, or a bare host path of a fifo or device.
/// Fails: what open(2) reports.
Result<std::optional<Stream>> find_stream(Session& session, const std::string& address,
                                          assembly::Access access);

/// Reads a stream to its end and writes it to an open, empty file. Blocks of zeros become holes
/// when `sparse`.
Result<void> write_from(Session& session, const Stream& stream, fs::OpenFile& file, bool sparse);

/// Writes a file to a stream.
Result<void> read_to(Session& session, fs::OpenFile& file, const Stream& stream);

/// Writes one stream to another.
Result<void> pass_on(Session& session, const Stream& from, const Stream& to);

}  // namespace quire::app
