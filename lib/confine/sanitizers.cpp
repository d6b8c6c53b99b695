// SPDX-License-Identifier: MIT

#include "sanitizers.hpp"

#if defined(QUIRE_CONFINE_ASAN)
#include <atomic>

namespace quire::confine {

namespace {

std::atomic<bool> confined = false;

}  // namespace

void search_no_leaks() {
    confined = true;
}

}  // namespace quire::confine

/// The sanitizer asks at the end of the program.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
    return quire::confine::confined ? 1 : 0;
}
#endif
