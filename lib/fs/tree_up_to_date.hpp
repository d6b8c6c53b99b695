// SPDX-License-Identifier: MIT

#pragma once

#include <utility>

#include "quire/fs/tree.hpp"

namespace quire::fs {

// Whether anything is on loan is looked at first: a loan that ends while the volume is asked may have
// written more than it says.
template <typename Ask>
Result<Found> Tree::up_to_date(const Call& call, Ask&& ask) {
    const bool perhaps_newer = lent_ != 0;
    Result<Entry> entry = std::forward<Ask>(ask)();
    if (!entry) return fail(std::move(entry).error());
    Found found{adopt(*entry), entry->attributes};
    if (perhaps_newer && found.node->type() == FileType::regular) {
        QUIRE_TRY_ASSIGN(found.attributes, fetch(call, entry->node));
    }
    return found;
}

}  // namespace quire::fs
