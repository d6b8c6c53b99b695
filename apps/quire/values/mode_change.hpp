// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::app {

/// A change of permissions as chmod(1) takes it: `0755`, `u=rwX,go=rX`, `g=u-w`, `+t`, `=`.
/// The rules are POSIX's (chmod, EXTENDED DESCRIPTION) with those of GNU where POSIX leaves it
/// open: an octal mode of less than five digits leaves the set-user-id and set-group-id bits of a
/// directory alone unless it sets them.
class ModeChange {
public:
    /// Fails: invalid_argument.
    static Result<ModeChange> parse(std::string_view text);
    /// Exactly this mode, also of a directory (--reference).
    static ModeChange exactly(std::uint16_t permissions);

    struct Outcome {
        std::uint16_t permissions = 0;
        /// The bits that the change says something about.
        std::uint16_t decided = 0;
    };
    /// `umask` counts where a clause does not say who.
    Outcome apply(std::uint16_t permissions, bool directory, std::uint16_t umask) const;

private:
    enum class Kind : std::uint8_t { bits, copy };
    struct Clause {
        char operation = '=';
        Kind kind = Kind::bits;
        bool execute_if_any = false;  // X
        std::uint16_t who = 0;        // 0: not said
        std::uint16_t bits = 0;
        std::uint16_t mentioned = 0;  // named so that the rule of directories does not save them
    };

    class Parser;
    std::vector<Clause> clauses_;
};

/// Whether a word that begins with a dash is a mode (`-x`, `-w,+t`) and no option.
bool is_mode_with_dash(std::string_view word);

}  // namespace quire::app
