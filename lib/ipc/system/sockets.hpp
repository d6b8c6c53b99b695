// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::ipc {

class Incoming;

// The one place where channels touch the kernel: interrupted calls are made again, a closed peer
// is an error and never a signal, and nothing that arrives goes unchecked.

struct SocketPair {
    UniqueFd ours;
    UniqueFd theirs;
};

/// A new channel: both ends, close-on-exec. Fails: too_many_files_open.
Result<SocketPair> make_socket_pair();

/// Whether a descriptor is an end of a channel: a Unix socket of sequenced packets.
bool is_channel(int fd);

/// Sends one message, whole, without waiting.
/// Fails: resource_unavailable_try_again (no room), connection_reset (the peer is gone),
/// too_many_files_open (too many descriptors are on their way).
Result<void> send_message(int fd, std::span<const std::byte> bytes,
                          std::span<const int> descriptors);

enum class Arrival { message, nothing, gone, malformed };

/// Receives one message, waiting for it or not. A message that is too long, carries too many
/// descriptors or more than this process may open, or anything but descriptors, is malformed.
Arrival receive_message(int fd, Incoming& into, bool wait);

/// Waits until `fd` is ready for `events` (as poll(2)), or `wake` for reading, if that is not -1,
/// at most for a time. Says whether `fd` is.
bool wait_until_ready(int fd, short events, int wake,
                      std::optional<std::chrono::nanoseconds> at_most);

}  // namespace quire::ipc
