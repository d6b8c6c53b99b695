// SPDX-License-Identifier: MIT

#include "pages/fork_mark.hpp"

#include <sys/mman.h>

#include <new>

namespace quire::client {

ForkMark::~ForkMark() {
    if (word_ != nullptr) ::munmap(const_cast<Word*>(word_), size);
}

Result<void> ForkMark::make() {
    void* const page =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return fail_errno();
    word_ = new (page) Word(1);
    if (::madvise(page, size, MADV_WIPEONFORK) != 0) return fail_errno();
    return {};
}

}  // namespace quire::client
