// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <mutex>

#include "quire/protocols/notification.hpp"
#include "registry/provider.hpp"

namespace quire::server {

/// The part of a session that subscribes to what it is a session on.
class Subscriber : public virtual protocols::Notification {
public:
    explicit Subscriber(std::shared_ptr<Provider> provider) : provider_(std::move(provider)) {}
    ~Subscriber() override;

    Result<void> subscribe(const ipc::Call& call, ipc::Cap<protocols::Notifier> notifier,
                           std::uint32_t events, std::uint64_t source) override;

protected:
    Provider& provider() const { return *provider_; }

private:
    void replace(std::shared_ptr<Subscription> next);

    const std::shared_ptr<Provider> provider_;
    std::mutex mutex_;
    std::shared_ptr<Subscription> subscription_;
};

}  // namespace quire::server
