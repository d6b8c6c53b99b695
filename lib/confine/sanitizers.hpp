// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>

// What a sanitizer needs is known at compile time (the build says QUIRE_SANITIZED), and nothing of
// it is in a program that was built without.

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUIRE_CONFINE_ASAN
#endif
#if __has_feature(thread_sanitizer)
#define QUIRE_CONFINE_TSAN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define QUIRE_CONFINE_ASAN
#endif
#if defined(__SANITIZE_THREAD__)
#define QUIRE_CONFINE_TSAN
#endif

namespace quire::confine {

#if defined(QUIRE_CONFINE_TSAN)
inline constexpr std::size_t threads_of_sanitizer = 1;  // it watches its own memory
#else
inline constexpr std::size_t threads_of_sanitizer = 0;
#endif

#if defined(QUIRE_CONFINE_ASAN)
/// The search for leaks attaches to this process from another one, which nobody may do any more.
void search_no_leaks();
#else
inline void search_no_leaks() {}
#endif

}  // namespace quire::confine
