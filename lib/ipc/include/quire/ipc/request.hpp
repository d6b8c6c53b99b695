// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <memory>

#include "quire/base/result.hpp"
#include "quire/ipc/decoder.hpp"
#include "quire/ipc/encoder.hpp"

namespace quire::ipc {

class Channel;
class Incoming;

/// The arguments of a call, as they are written.
class Request {
public:
    Encoder& encoder() { return encoder_; }

private:
    Encoder encoder_;
};

/// The results of a call, as they are read.
class Reply {
public:
    /// For the transport.
    Reply(std::shared_ptr<Channel> channel, std::unique_ptr<Incoming> message);
    Reply(Reply&&) noexcept;
    Reply& operator=(Reply&&) noexcept;
    ~Reply();

    Decoder& decoder();

    /// To be called when everything has been read, and before it is used.
    /// Fails: connection_reset (the reply is malformed; the channel has been ended).
    Result<void> end();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace quire::ipc
