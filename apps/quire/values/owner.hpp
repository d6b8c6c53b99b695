// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "quire/assembly/assembler.hpp"
#include "quire/fs/credentials.hpp"

namespace quire::app {

/// Who is to own something; what is not there stays.
struct Owner {
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
};

/// An owner as chown(1) takes it: `USER`, `USER:GROUP`, `USER:` (the user's login group), `:GROUP`.
/// Numbers are numbers. Names are those of the tree's own /etc/passwd and /etc/group, or, where the
/// tree is the host's, those of the host.
/// Fails: invalid_argument (the sentence says which name is unknown), and what reading those files
/// reports.
Result<Owner> resolve_owner(const assembly::Location& place, const fs::Call& call,
                            std::string_view text);

}  // namespace quire::app
