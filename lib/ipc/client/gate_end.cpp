// SPDX-License-Identifier: MIT

#include "client/gate_end.hpp"

#include <utility>

#include "client/channel.hpp"
#include "client/patient_send.hpp"
#include "message/outgoing.hpp"
#include "quire/ipc/encoder.hpp"
#include "system/fork_watch.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

struct GateEnd::Connection {
    const std::uint64_t generation = process_generation();
    Connection* older = nullptr;
    /// Guards the making of the channel. Belongs to one process, as everything here: a child never
    /// locks what its parent might have held.
    std::mutex mutex;
    std::shared_ptr<Channel> channel;
};

GateEnd::GateEnd(UniqueFd end, Home home, std::shared_ptr<void> charge)
    : end_(std::move(end)), home_(std::move(home)), charge_(std::move(charge)) {}

GateEnd::~GateEnd() {
    Connection* connection = connection_;
    while (connection != nullptr) delete std::exchange(connection, connection->older);
}

GateEnd::Connection& GateEnd::connection_of_this_process() {
    Connection* newest = connection_.load(std::memory_order_acquire);
    while (newest == nullptr || newest->generation != process_generation()) {
        auto own = std::make_unique<Connection>();
        own->older = newest;
        if (connection_.compare_exchange_strong(newest, own.get(), std::memory_order_acq_rel))
            return *own.release();
    }
    return *newest;
}

std::shared_ptr<Channel> GateEnd::existing_channel() const {
    Connection* const newest = connection_.load(std::memory_order_acquire);
    if (newest == nullptr || newest->generation != process_generation()) return nullptr;
    const std::scoped_lock lock(newest->mutex);
    return newest->channel;
}

void GateEnd::probe(std::uint64_t number) const {
    Encoder body;
    body.put(number);
    const auto bytes = body.message();
    write_header(bytes, {.kind = MessageKind::control,
                         .opcode = static_cast<std::uint32_t>(Control::probe)});
    (void)send_message(end_.get(), bytes, {});
}

Result<std::shared_ptr<Channel>> GateEnd::channel(const Call& call) {
    Connection& connection = connection_of_this_process();
    const std::scoped_lock lock(connection.mutex);
    if (connection.channel) return connection.channel;
    QUIRE_TRY_ASSIGN(SocketPair pair, make_socket_pair());
    Encoder body;
    body.put_descriptor(std::move(pair.theirs));
    QUIRE_TRY_ASSIGN(Outgoing message, Outgoing::seal(std::move(body)));
    message.set_header(
        {.kind = MessageKind::control, .opcode = static_cast<std::uint32_t>(Control::connect)});
    QUIRE_TRY(send_patiently(end_.get(), call, [&] { return message.send(end_.get()); }));
    connection.channel = std::make_shared<Channel>(std::move(pair.ours), home_);
    return connection.channel;
}

}  // namespace quire::ipc
