// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>

namespace quire::ipc {

/// What one client may use of a server. Who hands a gate on answers for what is done through it. Half
/// of the workers is the most that run its calls at once; others wait, and nobody else's do.
struct Quota {
    /// In its tables. More: the call that would hand one out fails with too_many_files_open.
    std::size_t objects = 1 << 18;
    /// To its objects. More are not made; their holders get connection_reset.
    std::size_t gates = 1024;
    /// Connections through gates, besides its own. More are closed.
    std::size_t channels = 1024;
    /// Descriptors that it sent and that are in use here. More: calls that bring some fail with
    /// too_many_files_open.
    std::size_t descriptors = 2048;
    /// Bytes of calls that wait and of replies that nobody has made room for, over all its channels;
    /// each channel has its own bounds below. More count as more of those.
    std::size_t kept_bytes = std::size_t{8} << 20U;
    /// Of one channel: calls that run at once, and calls that wait for their turn. More fail with
    /// no_buffer_space.
    std::size_t running_calls = 16;
    std::size_t waiting_calls = 256;
    /// Of one channel: bytes of the calls that wait. More fail with no_buffer_space.
    std::size_t waiting_bytes = 1 << 20;
    /// Of one channel: bytes of replies that the client has not made room for, besides what the
    /// kernel keeps. More end the channel.
    std::size_t unread_bytes = 1 << 20;
};

}  // namespace quire::ipc
