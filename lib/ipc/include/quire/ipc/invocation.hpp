// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>

#include "quire/base/error.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/decoder.hpp"
#include "quire/ipc/encoder.hpp"

namespace quire::ipc {

/// One request as the dispatcher of its interface sees it. A dispatcher reads the arguments from
/// in(), asks in().end(), calls the object, writes the results to out() and answers once:
///
///     const auto populated_size = invocation.in().get<std::uint64_t>();
///     if (!invocation.in().end()) return invocation.malformed();
///     auto size = object.flush(invocation.call(), populated_size);
///     if (!size) return invocation.fail(std::move(size).error());
///     invocation.out().put(*size);
///     invocation.reply();
///
/// Of a one-way message the answers go nowhere; malformed() counts.
class Invocation {
public:
    Invocation(const Invocation&) = delete;
    Invocation& operator=(const Invocation&) = delete;
    virtual ~Invocation() = default;

    std::uint32_t opcode() const { return opcode_; }
    bool one_way() const { return one_way_; }
    /// Deadline and cancellation; both live as long as the invocation.
    const Call& call() const { return call_; }
    Decoder& in() { return in_; }
    Encoder& out() { return out_; }

    /// Sends out(). What of it breaks a bound is answered with message_size instead.
    virtual void reply() = 0;
    virtual void fail(Error error) = 0;
    /// The interface has no such operation (function_not_supported).
    virtual void unknown() = 0;
    /// The arguments could not be read: ends the channel, unless they were well-formed and only
    /// named a capability that is stale or of another interface, which is answered.
    virtual void malformed() = 0;

protected:
    Invocation(std::uint32_t opcode, bool one_way, Call call, Decoder in)
        : opcode_(opcode), one_way_(one_way), call_(std::move(call)), in_(std::move(in)) {}

private:
    std::uint32_t opcode_;
    bool one_way_;
    Call call_;
    Decoder in_;
    Encoder out_;
};

}  // namespace quire::ipc
