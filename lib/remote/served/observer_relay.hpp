// SPDX-License-Identifier: MIT

#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "quire/fs/observer.hpp"
#include "quire/protocols/volume.hpp"

namespace quire::remote {

/// Takes the events of a volume to a client's observer: queued here, sent by a thread of its own, as
/// they come. A client that does not read them must not grow the queue without end, and a client
/// that missed one is wrong for ever: at the bound, or where no thread can be had, it is given up.
/// Threads: any.
class ObserverRelay final : public fs::Observer {
public:
    /// What does not concern the client is left out: nodes that it does not hold.
    using Concerns = std::function<bool(fs::Cookie)>;
    /// Called once, when the client is given up. Must not call back.
    using GiveUp = std::function<void()>;

    ObserverRelay(Concerns concerns, GiveUp give_up, std::size_t limit)
        : concerns_(std::move(concerns)), give_up_(std::move(give_up)), limit_(limit) {}
    /// Events on their way are dropped.
    ~ObserverRelay() override;

    /// Who hears of events from now on; may be empty.
    void set(ipc::Cap<protocols::VolumeObserver> observer);

    void invalidate_name(fs::Cookie directory, const Name& name) override;
    void invalidate_attributes(fs::Cookie node) override;
    void invalidate_content(fs::Cookie node, block::Range range) override;
    void revoke(fs::Cookie node) override;

private:
    using Cap = ipc::Cap<protocols::VolumeObserver>;
    using Event = std::function<void(protocols::VolumeObserver&, const ipc::Call&)>;

    void add(fs::Cookie node, Event event);
    bool has_sender_locked();
    void run(const std::stop_token& stop);

    const Concerns concerns_;
    const GiveUp give_up_;
    const std::size_t limit_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    Cap observer_;
    std::deque<Event> queue_;
    bool given_up_ = false;
    std::jthread sender_;  // the last: it ends before what it uses
};

}  // namespace quire::remote
