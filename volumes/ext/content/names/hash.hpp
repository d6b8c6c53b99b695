// SPDX-License-Identifier: MIT

#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "libext2fs.hpp"

namespace quire::ext {

/// Where a name lies in a hashed directory: names are ordered by major, then minor.
struct NameHash {
    std::uint32_t major = 0;  ///< its lowest bit is 0: the tree uses it as a mark
    std::uint32_t minor = 0;
    friend auto operator<=>(const NameHash&, const NameHash&) = default;

    /// As a position of a listing, below 2^63 and in the same order.
    std::uint64_t position() const { return static_cast<std::uint64_t>(major >> 1) << 32 | minor; }
};

/// The hash functions of directories, with the seed of one filesystem.
class NameHasher {
public:
    /// `version` as the superblock or the root of a tree has it; none when it is unknown here.
    static std::optional<NameHasher> make(ext2_filsys fs, unsigned version);
    /// The filesystem's own, for directories that become hashed; none without dir_index.
    static std::optional<NameHasher> of_filesystem(ext2_filsys fs);

    NameHash operator()(std::string_view name) const;
    /// As it is written to the root of a tree.
    std::uint8_t version() const { return version_; }

private:
    NameHasher(ext2_filsys fs, unsigned version);

    ext2_filsys fs_;
    std::uint8_t version_;
    int effective_;
};

}  // namespace quire::ext
