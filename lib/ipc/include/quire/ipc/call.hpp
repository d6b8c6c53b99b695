// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace quire::ipc {

/// What a caller says of a call, and what the callee may ask of it: until when it counts, and
/// whether somebody still waits. Who makes further calls on behalf of one passes its Call on, so
/// that deadline and cancellation reach as far as the work does.
/// Threads: any, as a value.
class Call {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    /// Waits as long as it takes.
    static Call forever() { return Call(std::nullopt, {}); }
    /// Waits until a time; afterwards the call fails with timed_out.
    static Call until(Deadline deadline) { return Call(deadline, {}); }
    /// As `until`, counted from now. What lies beyond the clock's end is for ever.
    static Call within(std::chrono::nanoseconds time);

    /// The same, and cancelled when `token` says so: the call fails with operation_canceled.
    Call cancelled_by(std::stop_token token) const {
        return Call(deadline_, std::move(token), lent_);
    }
    /// The same, while `lent` is the callee's to use: a part of memory that both share, say. It is
    /// kept until the callee has answered, or is out of reach, also when nobody waits any more.
    Call lending(std::shared_ptr<const void> lent) const {
        return Call(deadline_, token_, std::move(lent));
    }

    std::optional<Deadline> deadline() const { return deadline_; }
    /// True when nobody waits any more: the caller cancelled, ran out of time and said so, or is
    /// gone. Long work asks now and then.
    bool cancelled() const { return token_.stop_requested(); }
    /// For std::stop_callback, or std::condition_variable_any.
    const std::stop_token& token() const { return token_; }
    /// For the transport.
    const std::shared_ptr<const void>& lent() const { return lent_; }

    /// What is left until the deadline, zero when it has passed; nothing: for ever.
    std::optional<std::chrono::nanoseconds> left() const;
    bool expired() const { return left() == std::chrono::nanoseconds::zero(); }

private:
    Call(std::optional<Deadline> deadline, std::stop_token token,
         std::shared_ptr<const void> lent = nullptr)
        : deadline_(deadline), token_(std::move(token)), lent_(std::move(lent)) {}

    std::optional<Deadline> deadline_;
    std::stop_token token_;
    std::shared_ptr<const void> lent_;
};

}  // namespace quire::ipc
