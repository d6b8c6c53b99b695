// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "quire/ipc/any_cap.hpp"
#include "server/endpoint.hpp"
#include "server/session/account.hpp"
#include "system/fork_watch.hpp"

namespace quire::ipc {

class Incoming;
class ServerCore;

/// The server's end of a gate: keeps its object until the last copy of the other end is closed, and
/// makes a channel of each end that is sent through. Who sends anything else is not answered and
/// not punished, since it is not known which of the holders it was.
class GatePort final : public Endpoint {
public:
    GatePort(ServerCore& core, UniqueFd end, AnyCap cap, std::shared_ptr<Account> account,
             Account::Charge charge)
        : core_(core),
          end_(std::move(end)),
          cap_(std::move(cap)),
          account_(std::move(account)),
          charge_(std::move(charge)) {}

    int fd() const override { return end_.get(); }
    void ready(std::uint32_t events) override;
    void close() override;

    std::string_view interface_name() const { return cap_.type().name; }

private:
    bool comes_from_ourselves(Incoming& message) const;

    ServerCore& core_;
    ProcessFd end_;
    const AnyCap cap_;
    const std::shared_ptr<Account> account_;
    const Account::Charge charge_;
};

}  // namespace quire::ipc
