// SPDX-License-Identifier: MIT

#pragma once

#include <utility>

#include "guard_table.hpp"
#include "quire/server/guard.hpp"

namespace quire::server {

/// A node that the holder names in a call, and the call as its authority makes it.
struct Guard::Use {
    fs::Call call;
    fs::NodeReference node;
    std::uint64_t moves = 0;  ///< of a directory: until then it is below the top
};

/// An answer about a node; of a directory only if it is still below the top now that the answer is
/// there.
template <typename T>
Result<T> Guard::seen(const Use& use, Result<T> answer) const {
    if (use.node->type() == fs::FileType::directory)
        QUIRE_TRY(authority_.still_below(use.call, use.node, use.moves));
    return answer;
}

}  // namespace quire::server
