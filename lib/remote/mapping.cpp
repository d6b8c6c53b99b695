// SPDX-License-Identifier: MIT

#include "mapping.hpp"

#include <sys/mman.h>

namespace quire::remote {

Result<std::shared_ptr<Mapping>> Mapping::map(int fd, std::size_t size, bool writable) {
    void* const place =
        ::mmap(nullptr, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (place == MAP_FAILED) return fail_errno();
    return std::shared_ptr<Mapping>(new Mapping(static_cast<std::byte*>(place), size, writable));
}

Mapping::~Mapping() {
    ::munmap(data_, size_);
}

}  // namespace quire::remote
