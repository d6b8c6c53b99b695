// SPDX-License-Identifier: MIT

#include "session/subscriber.hpp"

namespace quire::server {

namespace {

constexpr std::uint32_t events_of_files = protocols::event_opened | protocols::event_modified |
                                          protocols::event_closed | protocols::event_removed;

}  // namespace

Subscriber::~Subscriber() {
    replace(nullptr);
}

Result<void> Subscriber::subscribe(const ipc::Call&, ipc::Cap<protocols::Notifier> notifier,
                                   std::uint32_t events, std::uint64_t source) {
    if ((events & ~events_of_files) != 0) return fail(std::errc::invalid_argument);
    replace(notifier ? std::make_shared<Subscription>(std::move(notifier), events, source)
                     : nullptr);
    return {};
}

void Subscriber::replace(std::shared_ptr<Subscription> next) {
    const std::lock_guard lock(mutex_);
    if (subscription_) provider_->unsubscribe(subscription_);
    subscription_ = std::move(next);
    if (subscription_) provider_->subscribe(subscription_);
}

}  // namespace quire::server
