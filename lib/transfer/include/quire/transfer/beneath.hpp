// SPDX-License-Identifier: MIT

#pragma once

#include <string_view>

#include "quire/fs/tree.hpp"

namespace quire::transfer {

/// Finds a node below a directory by a path of names joined by `/`, of any length, one lookup a
/// name. No symbolic link is followed, and there is no way up: what it finds is below `start`.
/// The empty path is `start` itself.
/// Fails: not_a_directory (a name on the way is none, also when it is a link to one),
/// invalid_argument (an empty name, `.`, `..`), no_such_file_or_directory.
Result<fs::NodeReference> find_beneath(fs::Tree& tree, const fs::Call& call,
                                       const fs::NodeReference& start, std::string_view path);

}  // namespace quire::transfer
