// SPDX-License-Identifier: MIT

#pragma once

#include <string_view>
#include <vector>

#include "quire/base/name.hpp"

namespace quire::transfer {

/// The path of an archive's member as names below the target.
struct MemberPath {
    std::vector<Name> names;  ///< none: the target itself
    bool was_absolute = false;

    /// Fails: invalid_argument (`..`, a NUL), filename_too_long.
    static Result<MemberPath> parse(std::string_view text);
    std::string text() const;
};

}  // namespace quire::transfer
