// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/fs/tree.hpp"
#include "quire/transfer/bytes.hpp"
#include "quire/transfer/copier.hpp"
#include "quire/transfer/listener.hpp"

namespace quire::transfer {

struct TarOptions {
    /// What a single file is called in the archive; the entries of a directory are called `./…`.
    std::string name;
    /// Access times as well: the archive then changes when files are read.
    bool access_times = false;
    /// No time later than this one, for reproducible archives.
    std::optional<Time> latest;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    /// What is left out, with all that is in it; see is_excluded().
    std::vector<std::string> exclude;
};

/// Writes a tree as a PAX archive: sorted, streamed, the same bytes for the same tree.
///
/// Owners, times and sizes of any width; extended attributes (SCHILY.xattr) and access lists
/// (SCHILY.acl); hard links; holes as GNU's sparse format 1.0; devices and fifos; names that are
/// not UTF-8 under `hdrcharset=BINARY`. Sockets are left out with a warning: no archive has them.
/// Fails: what the sink reports; operation_canceled. Entries that cannot be read are problems.
Result<Summary> write_tar(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                          const fs::NodeReference& start, const TarOptions& options, ByteSink& out,
                          Listener& listener, Progress& progress);

struct UntarOptions {
    Existing existing = Existing::replace;
    Preserve preserve = Preserve::all();
    bool dry_run = false;
    /// Access, change and birth times are the time of modification: what is made depends on
    /// nothing but the archive.
    bool reproducible = false;
    /// How many leading names of each path are dropped; shorter paths are left out.
    std::size_t strip = 0;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
};

/// Extracts an archive below a directory: tar of all kinds or cpio, plain or compressed with gzip,
/// bzip2, xz, lzma, zstd or lz4.
///
/// Nothing outside the target is touched, whatever the archive says: a leading `/` is dropped with
/// a warning; a path with `..` is a problem, as is one that passes through a symbolic link; hard
/// links lead to what is below the target only. Existing files are removed first, never written
/// into. Owners are the archive's numbers; its names for them do not count.
/// Fails: invalid_argument (no archive, or one cut short or damaged: what came before it is
/// extracted), what the stream reports; operation_canceled.
/// Memory: a piece of content, and what directories get at the end.
Result<Summary> extract_tar(ByteStream& in, const std::shared_ptr<fs::Tree>& tree,
                            const fs::Call& call, const fs::NodeReference& target,
                            const UntarOptions& options, Listener& listener, Progress& progress);

}  // namespace quire::transfer
