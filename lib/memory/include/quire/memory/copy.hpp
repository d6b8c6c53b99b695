// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>

namespace quire::paging {

/// Copies from memory that somebody else may be changing. What comes out then may be any mixture of
/// bytes from before and after; whoever copies asks afterwards whether it counts.
/// Threads: any.
void copy_shared(void* to, const void* from, std::size_t size);

}  // namespace quire::paging
