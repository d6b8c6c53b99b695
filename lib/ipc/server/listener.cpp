// SPDX-License-Identifier: MIT

#include "server/listener.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "server/core.hpp"
#include "system/peer.hpp"

namespace quire::ipc {

namespace {

/// Of nothing that a confined server may not make.
UniqueFd reserve_a_number() {
    return UniqueFd(::eventfd(0, EFD_CLOEXEC));
}

}  // namespace

Listener::Listener(ServerCore& core, ListeningSocket socket, Server::Admit admit)
    : core_(core),
      name_(std::move(socket)),
      socket_(name_.take()),
      admit_(std::move(admit)),
      reserve_(reserve_a_number()) {}

void Listener::close() {
    ::shutdown(socket_.get(), SHUT_RDWR);
}

void Listener::ready(std::uint32_t) {
    UniqueFd end(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const int reason = errno;
    if (!end && (reason == EMFILE || reason == ENFILE)) turn_one_away();
    core_.arm(*this, EPOLLIN);
    if (end) admit_client(std::move(end));
}

void Listener::turn_one_away() {
    // Otherwise the connection stays, and wakes us for nothing until a number is free.
    reserve_.reset();
    UniqueFd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
    reserve_ = reserve_a_number();
}

void Listener::admit_client(UniqueFd end) {
    core_.before_blocking();
    const Peer peer = peer_of(end.get());
    auto root = admit_(peer);
    if (root && *root)
        (void)core_.serve_channel(std::move(end), *root, core_.new_account(peer.uid));
}

}  // namespace quire::ipc
