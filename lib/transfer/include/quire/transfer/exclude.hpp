// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quire::transfer {

/// Whether a path (names joined by `/`, without one in front) matches one of the shell patterns
/// (fnmatch, `*` matches `/` too): one with a slash is held against the path, one without against
/// its last name. Whoever walks a tree leaves out what is in a directory that matches, too.
bool is_excluded(const std::vector<std::string>& patterns, std::string_view path);

}  // namespace quire::transfer
