// SPDX-License-Identifier: MIT

#pragma once

#include "guard_table.hpp"
#include "quire/server/guard.hpp"

namespace quire::server {

/// A node that the holder names in a call, and the call as its authority makes it.
struct Guard::Use {
    fs::Call call;
    fs::NodeReference node;
    std::uint64_t moves = 0;  ///< of a directory: until then it is below the top
};

}  // namespace quire::server
