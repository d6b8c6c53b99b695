// SPDX-License-Identifier: MIT

#include "quire/base/unique_fd.hpp"

#include <unistd.h>

namespace quire {

void UniqueFd::reset(int fd) {
    // Linux closes the descriptor even when close() reports EINTR, so it is never repeated.
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

}  // namespace quire
