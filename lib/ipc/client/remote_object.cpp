// SPDX-License-Identifier: MIT

#include "quire/ipc/remote_object.hpp"

#include <utility>

#include "client/channel.hpp"
#include "client/gate_end.hpp"
#include "message/incoming.hpp"
#include "quire/base/name.hpp"
#include "quire/ipc/request.hpp"

namespace quire::ipc {

namespace {

/// The kernel has none beyond.
constexpr std::uint32_t last_errno = 4095;

/// What a failed reply says. It comes from another program and is made fit for a terminal.
Error error_of_reply(Reply& reply, std::uint32_t status) {
    std::string sentence = reply.decoder().get_string(max_sentence);
    if (status > last_errno) reply.decoder().refuse();
    if (auto ended = reply.end(); !ended) return std::move(ended).error();
    return Error(static_cast<std::errc>(status), printable(sentence));
}

}  // namespace

struct Reply::State {
    State(std::shared_ptr<Channel> its_channel, std::unique_ptr<Incoming> its_message)
        : channel(std::move(its_channel)),
          message(std::move(its_message)),
          decoder(message->body(), message->descriptors(), &channel->cap_source()) {}

    std::shared_ptr<Channel> channel;
    std::unique_ptr<Incoming> message;
    Decoder decoder;
};

Reply::Reply(std::shared_ptr<Channel> channel, std::unique_ptr<Incoming> message)
    : state_(std::make_unique<State>(std::move(channel), std::move(message))) {}
Reply::Reply(Reply&&) noexcept = default;
Reply& Reply::operator=(Reply&&) noexcept = default;
Reply::~Reply() = default;

Decoder& Reply::decoder() {
    return state_->decoder;
}

Result<void> Reply::end() {
    if (state_->decoder.end()) return {};
    state_->channel->end();
    return fail(std::errc::connection_reset, "the server sent a malformed reply");
}

RemoteObject::RemoteObject() = default;
RemoteObject::RemoteObject(std::shared_ptr<Channel> channel, std::uint32_t number)
    : channel_(std::move(channel)), number_(number) {}
RemoteObject::RemoteObject(std::shared_ptr<GateEnd> gate) : number_(1), gate_(std::move(gate)) {}

RemoteObject::RemoteObject(RemoteObject&& other) noexcept
    : channel_(std::move(other.channel_)), number_(other.number_), gate_(std::move(other.gate_)) {}

RemoteObject& RemoteObject::operator=(RemoteObject&& other) noexcept {
    if (this == &other) return *this;
    release();
    channel_ = std::move(other.channel_);
    number_ = other.number_;
    gate_ = std::move(other.gate_);
    return *this;
}

RemoteObject::~RemoteObject() {
    release();
}

void RemoteObject::release() {
    // The last one to hold a channel closes it, which releases everything.
    if (channel_ && channel_.use_count() > 1) channel_->release(number_);
}

Request RemoteObject::request() const {
    return {};
}

Result<std::shared_ptr<Channel>> RemoteObject::connected(const Call& call) const {
    if (gate_) return gate_->channel(call);
    if (channel_) return channel_;
    return fail(std::errc::connection_reset, "there is no object behind this capability");
}

Result<Reply> RemoteObject::call(const Call& call, std::uint32_t opcode, Request&& request,
                                 Discard discard) const {
    if (request.encoder().failed()) return fail(request.encoder().error());
    QUIRE_TRY_ASSIGN(auto channel, connected(call));
    QUIRE_TRY_ASSIGN(auto message,
                     channel->call(call, number_, opcode, std::move(request.encoder()), discard));
    const std::uint32_t status = message->header.opcode;
    Reply reply(std::move(channel), std::move(message));
    if (status != 0) return fail(error_of_reply(reply, status));
    return reply;
}

Result<void> RemoteObject::send(const Call& call, std::uint32_t opcode, Request&& request) const {
    if (request.encoder().failed()) return fail(request.encoder().error());
    QUIRE_TRY_ASSIGN(auto channel, connected(call));
    return channel->send(call, number_, opcode, std::move(request.encoder()));
}

void RemoteObject::take_late_replies() const {
    if (const auto channel = gate_ ? gate_->existing_channel() : channel_)
        channel->take_late_replies();
}

ChannelCounters RemoteObject::counters() const {
    const auto channel = gate_ ? gate_->existing_channel() : channel_;
    return channel ? channel->counters() : ChannelCounters{};
}

}  // namespace quire::ipc
