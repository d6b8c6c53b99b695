// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <span>

namespace quire::testing {

/// Sends bytes and any number of descriptors as one message, whatever they are, without waiting.
/// Returns an error's number, EAGAIN when the queue of `socket` is full; 0: it is sent.
/// Threads: any.
int send_raw(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors = {});

}  // namespace quire::testing
