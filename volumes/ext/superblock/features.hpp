// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"

namespace quire::ext {

/// The names of all features of a superblock, in the order of their bits; bits without a name are
/// "incompat 0x400000" and the like.
std::vector<std::string> feature_names(const ext2_super_block& super);

/// Whether we can read an image with these features.
/// Fails: operation_not_supported (the sentence names what stands in the way).
Result<void> check_readable(const ext2_super_block& super);

/// Whether we can change such an image without harm to what we do not keep.
/// Fails: read_only_file_system (the sentence names what stands in the way).
Result<void> check_writable(const ext2_super_block& super);

}  // namespace quire::ext
