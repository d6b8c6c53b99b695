// SPDX-License-Identifier: MIT

#include "system/wake_up.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace quire::ipc {

Result<WakeUp> WakeUp::create() {
    UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd) return fail_errno();
    return WakeUp(std::move(fd));
}

void WakeUp::ring() const {
    (void)::eventfd_write(fd_.get(), 1);
}

void WakeUp::quieten() const {
    std::uint64_t count = 0;
    (void)::eventfd_read(fd_.get(), &count);
}

}  // namespace quire::ipc
