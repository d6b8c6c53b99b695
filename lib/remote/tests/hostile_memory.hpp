// SPDX-License-Identifier: MIT

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "quire/ipc/memory.hpp"

namespace quire::remote {

inline UniqueFd new_memory(std::uint64_t size, int seals) {
    UniqueFd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
    EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
    return fd;
}

/// A buffer as it should be.
inline ipc::Memory sealed_memory(std::uint64_t size, bool writable = true) {
    return {new_memory(size, F_SEAL_SHRINK | F_SEAL_GROW), size, writable};
}

/// A buffer as it should not be.
struct BadMemory {
    std::string name;
    std::function<ipc::Memory()> make;
};

inline std::vector<BadMemory> bad_memories() {
    return {
        {"not sealed", [] { return ipc::Memory(new_memory(4096, 0), 4096, true); }},
        {"sealed against growing only",
         [] { return ipc::Memory(new_memory(4096, F_SEAL_GROW), 4096, true); }},
        {"sealed against writing",
         [] { return ipc::Memory(new_memory(4096, F_SEAL_SHRINK | F_SEAL_WRITE), 4096, true); }},
        {"larger than said",
         [] { return ipc::Memory(new_memory(8192, F_SEAL_SHRINK), 4096, true); }},
        {"too large",
         [] {
             const std::uint64_t size = (64U << 20U) + 4096;
             return ipc::Memory(new_memory(size, F_SEAL_SHRINK), size, true);
         }},
        {"empty", [] { return ipc::Memory(new_memory(0, F_SEAL_SHRINK), 0, true); }},
        {"a common file",
         [] {
             UniqueFd fd(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
             EXPECT_EQ(::ftruncate(fd.get(), 4096), 0);
             return ipc::Memory(std::move(fd), 4096, true);
         }},
    };
}

}  // namespace quire::remote
