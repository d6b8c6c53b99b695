// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <mutex>

#include "quire/protocols/notification.hpp"
#include "registry/provider.hpp"

namespace quire::server {

/// The part of a session that subscribes to what it is a session on, and has the others told that
/// it was opened and closed. It is a base, so that it ends after what the session holds open.
class Subscriber : public virtual protocols::Notification {
public:
    explicit Subscriber(std::shared_ptr<Provider> provider);
    ~Subscriber() override;

    Result<void> subscribe(const ipc::Call& call, ipc::Cap<protocols::Notifier> notifier,
                           std::uint32_t events, std::uint64_t source) override;

protected:
    Provider& provider() const { return *provider_; }

private:
    void replace(const std::shared_ptr<Subscription>& next);
    std::shared_ptr<Subscription> exchange(std::shared_ptr<Subscription> next);
    bool counts(const std::shared_ptr<Subscription>& subscription);

    const std::shared_ptr<Provider> provider_;
    std::mutex mutex_;  // a leaf
    std::shared_ptr<Subscription> subscription_;
};

}  // namespace quire::server
