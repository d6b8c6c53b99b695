// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>

#include "quire/base/result.hpp"
#include "quire/ipc/call.hpp"

namespace quire::ipc {

class Channel;
class Decoder;
class GateEnd;
class Reply;
class Request;

/// How much has gone over a channel, as its client counts.
struct ChannelCounters {
    std::uint64_t sent_messages = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t sent_descriptors = 0;
    std::uint64_t received_messages = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t received_descriptors = 0;
    /// Of the messages in both directions, those that went through the shared slot.
    std::uint64_t slot_messages = 0;
    /// Of the messages sent, those that carry releases.
    std::uint64_t release_messages = 0;
};

/// An object in another process: its channel and number, or a gate to it. A proxy holds one; its
/// end releases the object there.
/// Threads: any number of calls at once; each waits for its own reply only.
class RemoteObject {
public:
    /// Reads a reply to the end that nobody waits for any more, so that the capabilities in it are
    /// released.
    using Discard = void (*)(Decoder&);

    /// No object: every call fails with connection_reset.
    RemoteObject();
    RemoteObject(std::shared_ptr<Channel> channel, std::uint32_t number);
    explicit RemoteObject(std::shared_ptr<GateEnd> gate);
    RemoteObject(RemoteObject&&) noexcept;
    RemoteObject& operator=(RemoteObject&&) noexcept;
    ~RemoteObject();

    /// An empty request, to be filled and given to call() or send().
    Request request() const;

    /// Sends a request and waits for the reply. `discard` is a must when there may be capabilities
    /// in the reply.
    /// Fails: what the object answers; connection_reset (the other process or this channel is gone);
    /// timed_out and operation_canceled (at once, whatever the object does; it may have happened
    /// or still happen); as Encoder::error(), when nothing was sent; too_many_files_open.
    Result<Reply> call(const Call& call, std::uint32_t opcode, Request&& request,
                       Discard discard = nullptr) const;

    /// Sends a one-way message. It waits only for room in the channel, as long as `call` says: not
    /// at all when its deadline has passed, which is how a server tells its clients something.
    /// Fails: as call(), without an answer of the object: success says that it was sent.
    Result<void> send(const Call& call, std::uint32_t opcode, Request&& request) const;

    /// Takes replies that have come and nobody waits for, so that what was lent with their calls is
    /// free. Any call does so as well.
    void take_late_replies() const;

    /// Of the channel that calls go over in this process; all zero while there was no call.
    ChannelCounters counters() const;

    // For the transport.
    const std::shared_ptr<Channel>& channel() const { return channel_; }
    std::uint32_t number() const { return number_; }
    const std::shared_ptr<GateEnd>& gate() const { return gate_; }

private:
    void release();
    Result<std::shared_ptr<Channel>> connected(const Call& call) const;

    std::shared_ptr<Channel> channel_;
    std::uint32_t number_ = 0;
    std::shared_ptr<GateEnd> gate_;
};

/// While one lives, objects that this thread releases are not reported to their servers one by one:
/// its end sends one message to each server. For who lets go of many capabilities.
/// Threads: belongs to the thread that made it.
class ReleaseBatch {
public:
    ReleaseBatch();
    ReleaseBatch(const ReleaseBatch&) = delete;
    ReleaseBatch& operator=(const ReleaseBatch&) = delete;
    ~ReleaseBatch();
};

}  // namespace quire::ipc
