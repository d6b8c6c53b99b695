// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::ext {

/// POSIX ACLs have two forms: programs and the kernel's interface give each entry an id of its own
/// (version 2), ext stores ids only for named users and groups (version 1).

/// The stored form of an ACL, checked as POSIX wants it: owner, named users, group, named groups,
/// mask (with any named entry), others, in this order; ids in order and each once. An ACL without
/// entries gives an empty value: there is none. Fails: invalid_argument.
Result<std::vector<std::byte>> acl_to_stored(std::span<const std::byte> acl);

/// Back. Fails: invalid_argument (the stored form is damaged).
Result<std::vector<std::byte>> acl_from_stored(std::span<const std::byte> stored);

}  // namespace quire::ext
