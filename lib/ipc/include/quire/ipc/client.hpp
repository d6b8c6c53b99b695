// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>
#include <utility>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/any_cap.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/ipc/home.hpp"
#include "quire/ipc/protocol.hpp"
#include "quire/ipc/remote_object.hpp"
#include "quire/ipc/snapshot.hpp"

namespace quire::ipc {

/// How a channel is used at the client's end.
struct ClientOptions {
    // NOLINTNEXTLINE(google-explicit-constructor): a home is all that most say.
    ClientOptions(Home its_home = {}, bool may_use_slot = true)
        : home(std::move(its_home)), slot(may_use_slot) {}

    /// Serves the objects of this process that are handed on over the channel.
    Home home;
    /// Whether shared memory is offered to the server for short calls, once there have been some.
    bool slot;
};

// How capabilities come into a process that has none, and how they get into a program that it
// starts.

/// The root of the server that listens at `path`.
/// Fails: no_such_file_or_directory, connection_refused (nobody listens), permission_denied,
/// filename_too_long (a socket's path has at most 107 bytes), too_many_files_open.
Result<RemoteObject> connect_root(const std::string& path, ClientOptions options = {});

/// The channel alone, to be given to adopt_channel() later: for who gives up the right to connect
/// in between. Fails: as connect_root.
Result<UniqueFd> connect_channel(const std::string& path);

/// Who made the socket that a channel of connect_channel() leads to, as the kernel says.
Peer listener_of(const UniqueFd& channel);

/// Object 1 of a channel whose other end a server has adopted.
/// Owns: `end`. Fails: not_a_socket (not a Unix socket of sequenced packets).
Result<RemoteObject> adopt_channel(UniqueFd end, ClientOptions options = {});

/// The object of a gate: a descriptor that gate_of() made, inherited by this program or received.
/// Owns: `end`, which becomes close-on-exec. Fails: not_a_socket.
Result<RemoteObject> open_gate(UniqueFd end, Home home = {});

/// A descriptor that stands for a capability, to be given to a program that this one starts. It is
/// close-on-exec; in the new process, inherit() keeps it open.
/// Needs: not empty.
/// Fails: operation_not_supported (an object of this process, which has no home),
/// connection_reset, too_many_files_open, timed_out, operation_canceled.
Result<UniqueFd> gate_of(const AnyCap& cap, const Call& call, const Home& home = {});

/// Lets a descriptor survive the next exec. To be called between fork and exec; elsewhere any
/// other thread's exec hands it on as well. Async-signal-safe. Fails: bad_file_descriptor.
Result<void> inherit(int fd);

/// As connect_root, as a capability.
template <typename I>
Result<Cap<I>> connect(const std::string& path, ClientOptions options = {}) {
    QUIRE_TRY_ASSIGN(RemoteObject object, connect_root(path, std::move(options)));
    return Cap<I>(Protocol<I>::proxy(std::move(object)));
}

/// As adopt_channel, as a capability.
template <typename I>
Result<Cap<I>> adopt(UniqueFd end, ClientOptions options = {}) {
    QUIRE_TRY_ASSIGN(RemoteObject object, adopt_channel(std::move(end), std::move(options)));
    return Cap<I>(Protocol<I>::proxy(std::move(object)));
}

/// As open_gate, as a capability.
template <typename I>
Result<Cap<I>> cap_of_gate(UniqueFd end, Home home = {}) {
    QUIRE_TRY_ASSIGN(RemoteObject object, open_gate(std::move(end), std::move(home)));
    return Cap<I>(Protocol<I>::proxy(std::move(object)));
}

}  // namespace quire::ipc
