// SPDX-License-Identifier: MIT

#include "session/subscriber.hpp"

namespace quire::server {

namespace {

constexpr std::uint32_t events_of_files = protocols::event_opened | protocols::event_modified |
                                          protocols::event_closed | protocols::event_removed;

}  // namespace

Subscriber::Subscriber(std::shared_ptr<Provider> provider) : provider_(std::move(provider)) {
    provider_->tell(protocols::event_opened);
}

Subscriber::~Subscriber() {
    replace(nullptr);
    provider_->tell(protocols::event_closed);
}

Result<void> Subscriber::subscribe(const ipc::Call&, ipc::Cap<protocols::Notifier> notifier,
                                   std::uint32_t events, std::uint64_t source) {
    if ((events & ~events_of_files) != 0) return fail(std::errc::invalid_argument);
    replace(notifier ? std::make_shared<Subscription>(std::move(notifier), events, source)
                     : nullptr);
    return {};
}

// Several may replace at once. Who took another one's place ends that one, which its own maker may
// be about to subscribe yet; so whoever has subscribed looks whether it still counts.
void Subscriber::replace(const std::shared_ptr<Subscription>& next) {
    if (const auto before = exchange(next)) provider_->unsubscribe(before);
    if (!next) return;
    provider_->subscribe(next);
    if (!counts(next)) provider_->unsubscribe(next);
}

std::shared_ptr<Subscription> Subscriber::exchange(std::shared_ptr<Subscription> next) {
    const std::lock_guard lock(mutex_);
    subscription_.swap(next);
    return next;
}

bool Subscriber::counts(const std::shared_ptr<Subscription>& subscription) {
    const std::lock_guard lock(mutex_);
    return subscription_ == subscription;
}

}  // namespace quire::server
