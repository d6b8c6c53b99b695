// SPDX-License-Identifier: MIT

#include "quire/memory/copy.hpp"

#include <cstdint>
#include <cstring>

namespace quire::paging {

#if defined(__SANITIZE_THREAD__)

// It would report what is meant to happen: its memcpy wherever it is called from, and its own checks.
__attribute__((no_sanitize_thread)) void copy_shared(void* to, const void* from, std::size_t size) {
    volatile auto* target = static_cast<std::uint8_t*>(to);
    const volatile auto* source = static_cast<const std::uint8_t*>(from);
    const auto together = [](std::uintptr_t one, std::uintptr_t other) {
        return (one | other) % sizeof(std::uint64_t) == 0;
    };
    if (together(reinterpret_cast<std::uintptr_t>(to), reinterpret_cast<std::uintptr_t>(from))) {
        volatile auto* words = static_cast<std::uint64_t*>(to);
        const volatile auto* source_words = static_cast<const std::uint64_t*>(from);
        for (; size >= sizeof(std::uint64_t); size -= sizeof(std::uint64_t)) {
            *words++ = *source_words++;
            target += sizeof(std::uint64_t);
            source += sizeof(std::uint64_t);
        }
    }
    while (size-- > 0) *target++ = *source++;
}

#elif defined(__x86_64__)

// The processor's own loop moves whole cache lines, and is the faster one from here on.
void copy_shared(void* to, const void* from, std::size_t size) {
    constexpr std::size_t short_copy = 1024;
    if (size < short_copy) {
        std::memcpy(to, from, size);
        return;
    }
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

#else

void copy_shared(void* to, const void* from, std::size_t size) {
    std::memcpy(to, from, size);
}

#endif

}  // namespace quire::paging
