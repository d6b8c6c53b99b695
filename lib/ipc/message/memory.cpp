// SPDX-License-Identifier: MIT

#include "quire/ipc/memory.hpp"

#include <fcntl.h>

#include <utility>

namespace quire::ipc {

Memory::Memory(UniqueFd descriptor, std::uint64_t size, bool writable, std::shared_ptr<void> charge)
    : descriptor_(std::make_shared<const Descriptor>(std::move(descriptor), std::move(charge))),
      size_(size),
      writable_(writable) {}

Result<void> Memory::require_fixed_size() const {
    const int seals = ::fcntl(fd(), F_GET_SEALS);
    if (seals < 0 && errno == EBADF) return fail_errno();
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0)
        return quire::fail(std::errc::permission_denied,
                           "a memory object may still shrink, so it cannot be mapped safely");
    return {};
}

}  // namespace quire::ipc
