// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/fs/attributes.hpp"
#include "quire/transfer/bytes.hpp"
#include "quire/transfer/metadata.hpp"

struct archive;
struct archive_entry;

namespace quire::transfer {

/// One entry as an archive has it. Nothing here is to be trusted.
struct ArchiveEntry {
    std::string path;
    fs::Attributes attributes;  ///< the times that has_… say, type unknown for odd ones
    bool has_modify = false;
    bool has_access = false;
    std::string target;
    bool hard_link = false;
    std::vector<ExtendedAttribute> extended;
    /// What could not be understood of it, in sentences.
    std::vector<std::string> warnings;
};

/// A run of an entry's content; what lies between runs is a hole.
struct ArchivePiece {
    std::uint64_t offset = 0;
    std::span<const std::byte> bytes;  ///< valid until the next call
};

/// Reads archives through libarchive.
///
/// Libarchive thinks of names as characters of the locale. Here names are bytes: everything runs
/// in the C locale of this thread, in which libarchive hands names through untouched and warns
/// that it could not convert them, which is dropped.
/// Fails: invalid_argument (no archive, damaged, cut short), what the stream reports.
class ArchiveReader {
public:
    static Result<std::unique_ptr<ArchiveReader>> open(ByteStream& in);
    ~ArchiveReader();
    ArchiveReader(const ArchiveReader&) = delete;
    ArchiveReader& operator=(const ArchiveReader&) = delete;

    /// The next entry, or nothing at the end.
    Result<std::optional<ArchiveEntry>> next();
    /// The next run of the entry's content, or nothing at its end.
    Result<std::optional<ArchivePiece>> content();

private:
    explicit ArchiveReader(ByteStream& in);
    Error failure();
    static long read_some(archive* reader, void* self, const void** memory);

    ByteStream& in_;
    std::vector<std::byte> buffer_;
    std::optional<Error> stream_error_;
    archive* archive_ = nullptr;
};

}  // namespace quire::transfer
