// SPDX-License-Identifier: MIT

#include "system/peer.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace quire::ipc {

Peer peer_of(int fd) {
    Peer peer;
    ucred who{};
    socklen_t size = sizeof(who);
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0) {
        peer.pid = who.pid;
        peer.uid = who.uid;
        peer.gid = who.gid;
    }
    // The kernel says how much room it takes.
    size = 0;
    while (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) != 0) {
        if (errno != ERANGE) {
            peer.groups.clear();
            return peer;
        }
        peer.groups.resize(size / sizeof(gid_t));
    }
    peer.groups.resize(size / sizeof(gid_t));
    return peer;
}

}  // namespace quire::ipc
