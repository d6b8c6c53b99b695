// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace quire::paging {

/// Copies from memory that somebody else may be changing. What comes out then may be any mixture of
/// bytes from before and after; whoever copies asks afterwards whether it counts.
/// Threads: any.
void copy_shared(void* to, const void* from, std::size_t size);

/// The same of something short, without a call.
template <typename T>
void copy_short(T& to, const T& from) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 128);
#if defined(__SANITIZE_THREAD__)
    copy_shared(&to, &from, sizeof(T));
#else
    std::memcpy(&to, &from, sizeof(T));
#endif
}

}  // namespace quire::paging
