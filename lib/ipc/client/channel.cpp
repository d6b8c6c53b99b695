// SPDX-License-Identifier: MIT

#include "client/channel.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <utility>

#include "client/gate_end.hpp"
#include "client/patient_send.hpp"
#include "quire/ipc/remote_object.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

namespace {

std::unexpected<Error> channel_gone() {
    return fail(std::errc::connection_reset, "the server, or the connection to it, is gone");
}

}  // namespace

Channel::Channel(UniqueFd end, Home home, bool use_slot)
    : end_(std::move(end)), home_(std::move(home)), use_slot_(use_slot) {}

void Channel::end() noexcept {
    if (generation_ != process_generation()) return;
    const std::scoped_lock lock(mutex_);
    end_locked();
}

void Channel::end_locked() noexcept {
    if (dead_.exchange(true)) return;
    // Also wakes the leader.
    ::shutdown(end_.get(), SHUT_RDWR);
    for (const auto& [number, waiter] : waiting_) waiter->changed.notify_one();
    // Their replies will not come.
    abandoned_.clear();
}

ChannelCounters Channel::counters() const {
    return {counters_.sent_messages,     counters_.sent_bytes,      counters_.sent_descriptors,
            counters_.received_messages, counters_.received_bytes,  counters_.received_descriptors,
            counters_.slot_messages,     counters_.release_messages};
}

void Channel::count_sent(const Outgoing& message) {
    counters_.sent_messages.fetch_add(1, std::memory_order_relaxed);
    counters_.sent_bytes.fetch_add(message.bytes().size(), std::memory_order_relaxed);
    counters_.sent_descriptors.fetch_add(message.descriptor_count(), std::memory_order_relaxed);
}

void Channel::count_received(Incoming& message) {
    counters_.received_messages.fetch_add(1, std::memory_order_relaxed);
    counters_.received_bytes.fetch_add(message.bytes().size(), std::memory_order_relaxed);
    counters_.received_descriptors.fetch_add(message.descriptors().size(),
                                             std::memory_order_relaxed);
}

std::optional<RemoteObject> Channel::theirs(std::uint32_t number) {
    if (number == 0) return std::nullopt;
    return RemoteObject(shared_from_this(), number);
}

RemoteObject Channel::gate(UniqueFd descriptor, std::shared_ptr<void> charge) {
    return RemoteObject(std::make_shared<GateEnd>(std::move(descriptor), home_, std::move(charge)));
}

Result<CapName> Channel::name(const Call& call, const AnyCap& cap) {
    const RemoteObject* const remote = cap.object()->remote();
    CapName name(CapKind::gate);
    if (remote == nullptr) {
        QUIRE_TRY_ASSIGN(name.made, home_.gate(cap));
    } else if (remote->gate()) {
        // What a gate leads to can be given back to the server that it is from, as object 1.
        if (remote->gate()->existing_channel().get() == this) return CapName(CapKind::receivers, 1);
        name.descriptor = remote->gate()->fd();
    } else if (remote->channel().get() == this) {
        return CapName(CapKind::receivers, remote->number());
    } else if (remote->channel()) {
        QUIRE_TRY_ASSIGN(name.made, remote->channel()->make_gate(call, remote->number()));
    } else {
        return channel_gone();
    }
    return name;
}

Result<Outgoing> Channel::seal(const Call& call, Encoder&& body) {
    struct Namer : CapNamer {
        Namer(Channel& its_channel, const Call& its_call) : channel(its_channel), call(its_call) {}
        Result<CapName> name(const AnyCap& cap) override { return channel.name(call, cap); }
        Channel& channel;
        const Call& call;
    } namer(*this, call);
    return Outgoing::seal(std::move(body), namer);
}

Result<void> Channel::transmit(const Call& call, Outgoing& message, const Header& header) {
    if (!usable()) return channel_gone();
    if (releases_.any()) flush_releases();
    message.set_header(header);
    auto sent = send_patiently(end_.get(), call,
                               [&]() -> Result<void> { return message.send(end_.get()); });
    if (sent) count_sent(message);
    // Not the end yet of calls whose replies may have been sent before the server went.
    if (!sent && sent.error() == std::errc::connection_reset) return channel_gone();
    return sent;
}

Result<void> Channel::send(const Call& call, std::uint32_t object, std::uint32_t opcode,
                           Encoder&& body) {
    if (!usable()) return channel_gone();
    // A deadline that has passed means not to wait, which it does not have to.
    if (call.cancelled()) return fail(std::errc::operation_canceled);
    QUIRE_TRY_ASSIGN(Outgoing message, seal(call, std::move(body)));
    QUIRE_TRY(transmit(call, message,
                       {.kind = MessageKind::one_way, .object = object, .opcode = opcode}));
    one_ways_sent_.fetch_add(1, std::memory_order_release);
    return {};
}

Result<void> Channel::send_control(const Call& call, Control control, Encoder&& body) {
    QUIRE_TRY_ASSIGN(Outgoing message, seal(call, std::move(body)));
    return transmit(call, message,
                    {.kind = MessageKind::control, .opcode = static_cast<std::uint32_t>(control)});
}

Result<UniqueFd> Channel::make_gate(const Call& call, std::uint32_t object) {
    if (!usable()) return channel_gone();
    QUIRE_TRY(check_wanted(call));
    QUIRE_TRY_ASSIGN(SocketPair pair, make_socket_pair());
    Encoder body;
    body.put(object);
    body.put_descriptor(std::move(pair.theirs));
    QUIRE_TRY(send_control(call, Control::make_gate, std::move(body)));
    return std::move(pair.ours);
}

void Channel::release(std::uint32_t object) noexcept {
    if (!usable()) return;
    releases_.add(object);
    if (!note_in_batch(shared_from_this())) flush_releases();
}

void Channel::flush_releases() noexcept {
    // A request that was given up may be in the slot yet. Until it has been answered, what it names
    // must not become the number of something else.
    while (usable() && abandoned_in_slot_ == 0 && releases_.any()) {
        const Releases::Pairs pairs = releases_.take();
        if (pairs.empty()) return;
        Encoder body;
        body.put_count(pairs.size(), Releases::max_pairs);
        for (const auto& [object, references] : pairs) {
            body.put(object);
            body.put(references);
        }
        const auto bytes = body.message();
        write_header(bytes, {.kind = MessageKind::control,
                             .opcode = static_cast<std::uint32_t>(Control::release)});
        const auto sent = send_message(end_.get(), bytes, {});
        if (sent) {
            counters_.sent_messages.fetch_add(1, std::memory_order_relaxed);
            counters_.sent_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
            counters_.release_messages.fetch_add(1, std::memory_order_relaxed);
        } else if (sent.error() != std::errc::connection_reset) {
            for (const auto& [object, references] : pairs) releases_.add(object, references);
            return;
        }
    }
}

}  // namespace quire::ipc
