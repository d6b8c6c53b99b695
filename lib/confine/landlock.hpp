// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string>

#include "quire/base/result.hpp"

namespace quire::confine {

/// What Landlock takes away at a version of its interface: everything that version knows.
struct LandlockRights {
    std::uint64_t files = 0;
    std::uint64_t network = 0;
    std::uint64_t scopes = 0;
};
LandlockRights landlock_rights(int abi);

struct LandlockUse {
    int abi = 0;
    std::string missing;  ///< why abi is 0
};

/// Takes from this thread, and from those that it makes, all that Landlock can take. What was open
/// before goes on working. A kernel without Landlock is no error.
/// Needs: no_new_privs.
Result<LandlockUse> restrict_by_landlock();

}  // namespace quire::confine
