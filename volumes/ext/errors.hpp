// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <string_view>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"

namespace quire::ext {

/// What an error of libext2fs means to a program and to a person. `doing` says what failed on
/// what: "reading inode 12".
Error to_error(errcode_t code, std::string_view doing);

/// Success, or the failure in to_error's words.
inline Result<void> check(errcode_t code, std::string_view doing) {
    if (code == 0) return {};
    return fail(to_error(code, doing));
}

/// A structure on the medium that can't be right. The sentence names it.
Error corrupt(std::string sentence);

}  // namespace quire::ext
