// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "quire/base/result.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/notification.hpp"

namespace quire::client {

struct Event {
    /// The number that the subscriber chose.
    std::uint64_t source = 0;
    /// Bits: event_opened and so on.
    std::uint32_t events = 0;
    friend bool operator==(const Event&, const Event&) = default;
};

/// The events of any number of files and directories, in the order in which they came.
///
/// What a source tells while its event at the queue's end still waits is put to that one; in a full
/// queue, to its latest event wherever that waits, with event_overflow: nothing is lost but the
/// order. Sources without one waiting are taken in all the same, so that a queue holds at most its
/// limit and one for each of its subscriptions. When nothing more can come of
/// a subscription, because it was replaced or ended, or its file or the server is gone, its source
/// has event_ended.
/// Threads: any. May end before its subscriptions, which are then told to nobody.
class EventQueue {
public:
    static constexpr std::size_t limit = 4096;

    EventQueue();

    /// The next event, waiting for it as long as `call` says.
    /// Fails: timed_out, operation_canceled.
    Result<Event> wait(const ipc::Call& call);
    /// The next event, if there is one.
    std::optional<Event> poll();

    /// A receiver for one subscription: its end is the event_ended of `source`.
    ipc::Cap<protocols::Notifier> notifier(std::uint64_t source) const;

private:
    class Receiver;
    struct State;

    std::shared_ptr<State> state_;
};

}  // namespace quire::client
