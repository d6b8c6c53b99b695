// SPDX-License-Identifier: MIT

#include "quire/memory/copy.hpp"

#include <cstdint>
#include <cstring>

namespace quire::paging {

#if defined(__SANITIZE_THREAD__)

// Its memcpy would report what is meant to happen.
void copy_shared(void* to, const void* from, std::size_t size) {
    auto* target = static_cast<std::uint8_t*>(to);
    const auto* source = static_cast<const std::uint8_t*>(from);
    while (size > 0 && reinterpret_cast<std::uintptr_t>(source) % sizeof(std::uint64_t) != 0) {
        *target++ = __atomic_load_n(source++, __ATOMIC_RELAXED);
        --size;
    }
    for (; size >= sizeof(std::uint64_t); size -= sizeof(std::uint64_t)) {
        const std::uint64_t word =
            __atomic_load_n(reinterpret_cast<const std::uint64_t*>(source), __ATOMIC_RELAXED);
        std::memcpy(target, &word, sizeof(word));
        target += sizeof(word);
        source += sizeof(word);
    }
    while (size-- > 0) *target++ = __atomic_load_n(source++, __ATOMIC_RELAXED);
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
