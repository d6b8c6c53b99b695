// SPDX-License-Identifier: MIT

#include "quire/ipc/client.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "client/channel.hpp"
#include "client/gate_end.hpp"
#include "quire/base/name.hpp"
#include "system/peer.hpp"
#include "system/socket_path.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

namespace {

Result<void> require_channel(int fd) {
    if (is_channel(fd)) return {};
    return fail(std::errc::not_a_socket, "this descriptor is not one of a server's sockets");
}

}  // namespace

Result<UniqueFd> connect_channel(const std::string& path) {
    QUIRE_TRY_ASSIGN(const sockaddr_un address, socket_address(path));
    UniqueFd end(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!end) return fail_errno();
    // Waits when many connect at once; made again when a signal interrupts it.
    while (::connect(end.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
           0) {
        if (errno != EINTR) return fail_errno("no server can be reached at " + printable(path));
    }
    return end;
}

Peer listener_of(const UniqueFd& channel) {
    return peer_of(channel.get());
}

Result<RemoteObject> connect_root(const std::string& path, ClientOptions options) {
    QUIRE_TRY_ASSIGN(UniqueFd end, connect_channel(path));
    return adopt_channel(std::move(end), std::move(options));
}

Result<RemoteObject> adopt_channel(UniqueFd end, ClientOptions options) {
    QUIRE_TRY(require_channel(end.get()));
    return RemoteObject(
        std::make_shared<Channel>(std::move(end), std::move(options.home), options.slot), 1);
}

Result<RemoteObject> open_gate(UniqueFd end, Home home) {
    QUIRE_TRY(require_channel(end.get()));
    if (::fcntl(end.get(), F_SETFD, FD_CLOEXEC) != 0) return fail_errno();
    return RemoteObject(std::make_shared<GateEnd>(std::move(end), std::move(home)));
}

Result<UniqueFd> gate_of(const AnyCap& cap, const Call& call, const Home& home) {
    const RemoteObject* const remote = cap.object()->remote();
    if (remote == nullptr) return home.gate(cap);
    if (!remote->gate()) {
        if (remote->channel()) return remote->channel()->make_gate(call, remote->number());
        return fail(std::errc::connection_reset);
    }
    UniqueFd copy(::fcntl(remote->gate()->fd(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail_errno();
    return copy;
}

Result<void> inherit(int fd) {
    if (::fcntl(fd, F_SETFD, 0) != 0) return fail_errno();
    return {};
}

}  // namespace quire::ipc
