// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "quire/fs/tree.hpp"
#include "quire/transfer/listener.hpp"

namespace quire::transfer {

struct TreeHashOptions {
    /// Names, types, sizes, link targets and contents only.
    bool content_only = false;
    /// Called with every line that is hashed, to see where two trees differ.
    std::function<void(std::string_view)> line;
};

struct TreeHash {
    std::string digest;  ///< in hexadecimal
    std::uint64_t nodes = 0;
    std::uint64_t bytes = 0;  ///< of regular files
};

/// One hash of a whole tree: equal for two trees when nothing that a copy should keep differs,
/// whatever volume holds them. tools/tree-hash computes the same without Quire.
///
/// BLAKE2b-160 over one line for each name, in the order of a walk (each directory before what it
/// holds, names in byte order), fields separated by tabs, bytes outside printable ASCII and the
/// backslash written as \ooo:
///
///     path   from the start, which is `.`
///     type   f d l c b p s
///     size   of a regular file or a symbolic link's target, otherwise 0
///     target of a symbolic link
///     content of a regular file: BLAKE2b-160 over each 4096-byte block that is not all zeros
///            (the last may be shorter) with its offset before it as eight little-endian bytes,
///            so that a hole and zeros are the same
///     permissions in four octal digits (`-` for a symbolic link), uid, gid,
///     modification time in nanoseconds since 1970,
///     device MAJOR:MINOR of a device,
///     first the first name of the node in this order, when this name is a further one,
///     extended attributes NAME=BASE64, joined by commas, access lists among them
///
/// `lost+found` below the start belongs to the filesystem and is left out. Fails: operation_canceled,
/// io_error (a part could not be read; the listener has been told).
Result<TreeHash> tree_hash(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                           const fs::NodeReference& start, const TreeHashOptions& options,
                           Listener& listener, Progress& progress);

}  // namespace quire::transfer
