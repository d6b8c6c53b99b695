// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quire/block/device.hpp"
#include "quire/fs/attributes.hpp"
#include "quire/transfer/bytes.hpp"
#include "quire/transfer/metadata.hpp"

namespace quire::transfer {

/// What one header of an archive says.
struct PaxEntry {
    std::string path;
    fs::Attributes attributes;
    std::string target;      ///< of a symbolic or hard link
    bool hard_link = false;  ///< the entry is a further name of `target`
    std::vector<ExtendedAttribute> extended;
    bool access_time = false;
    /// The ranges of a sparse file that hold data. Without them all of it is content.
    bool sparse = false;
    std::vector<block::Range> ranges;
};

/// Writes PAX archives (POSIX.1-2001, pax interchange format, with the vendor records of star and
/// GNU tar) block by block.
///
/// Written by hand although libarchive, which reads them here, can write them too: see
/// docs/decisions for what that loses.
class PaxWriter {
public:
    explicit PaxWriter(ByteSink& out) : out_(out) {}

    /// Writes the headers of an entry. Then its content follows by content(), as many bytes as
    /// attributes.size says or, for a sparse file, as the ranges hold together.
    Result<void> begin(const PaxEntry& entry);
    Result<void> content(std::span<const std::byte> bytes);
    /// Fills the entry's content up with zeros where less came than was announced.
    Result<void> end();
    /// Ends the archive.
    Result<void> finish();

private:
    Result<void> put(std::span<const std::byte> bytes);
    Result<void> put_zeros(std::uint64_t count);
    Result<void> flush();

    ByteSink& out_;
    std::vector<std::byte> buffer_;
    std::uint64_t missing_ = 0;  // of the entry's content
    std::uint64_t written_ = 0;  // of the archive
};

}  // namespace quire::transfer
