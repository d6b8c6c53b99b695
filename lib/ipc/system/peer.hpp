// SPDX-License-Identifier: MIT

#pragma once

#include "quire/ipc/snapshot.hpp"

namespace quire::ipc {

/// Who made the other end of a connected channel.
Peer peer_of(int fd);

}  // namespace quire::ipc
