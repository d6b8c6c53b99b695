// SPDX-License-Identifier: MIT

#include "server/gate_port.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "message/incoming.hpp"
#include "quire/ipc/decoder.hpp"
#include "server/core.hpp"
#include "server/probes.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

namespace {

/// After so many messages others get their turn.
constexpr int connections_per_turn = 16;

/// The channel's end in a well-formed message, or nothing.
UniqueFd end_in(Incoming& message) {
    const auto header = read_header(message.bytes(), message.descriptors().size());
    if (!header || header->kind != MessageKind::control ||
        header->opcode != static_cast<std::uint32_t>(Control::connect))
        return {};
    Decoder body(message.body(), message.descriptors(), nullptr);
    UniqueFd end = body.get_descriptor();
    return body.end() ? std::move(end) : UniqueFd();
}

}  // namespace

// A client that is gone left its gate in an object that the gate, or another such gate, keeps: nobody
// else can call it, or whoever can goes the way of those whose server has ended. While the client
// lives, it answers for that, and may have its reasons.
bool GatePort::comes_from_ourselves(Incoming& message) const {
    const auto number = Probes::number_in(message);
    return number && core_.probes().sent(*number) && account_->client_is_gone();
}

void GatePort::ready(std::uint32_t) {
    Incoming message;
    for (int i = 0; i < connections_per_turn; ++i) {
        const Arrival arrival = receive_message(end_.get(), message, false);
        if (arrival == Arrival::nothing) break;
        if (arrival == Arrival::gone) return core_.remove(*this);
        if (arrival == Arrival::malformed) continue;
        // Who is refused for its quota learns it from the closed channel.
        if (UniqueFd end = end_in(message))
            (void)core_.serve_channel(std::move(end), cap_, account_);
        else if (comes_from_ourselves(message))
            return core_.remove(*this);
    }
    core_.arm(*this, EPOLLIN);
}

void GatePort::close() {
    ::shutdown(end_.get(), SHUT_RDWR);
}

}  // namespace quire::ipc
