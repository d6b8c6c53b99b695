// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "quire/protocols/directory.hpp"
#include "quire/server/authority.hpp"
#include "session/session_host.hpp"
#include "session/subscriber.hpp"

namespace quire::server {

/// One open directory of one client. What is moved out of what the client may reach is not shown to
/// it, as long as it is out.
class DirectorySession final : public protocols::Directory, public Subscriber {
public:
    DirectorySession(std::shared_ptr<SessionHost> host, Authority authority, fs::NodeReference node,
                     std::shared_ptr<Provider> provider);

    Result<protocols::Attributes> attributes(const ipc::Call& call) override;
    Result<protocols::DirectoryPage> page(const ipc::Call& call, std::uint64_t position,
                                          std::uint32_t most, bool with_attributes) override;

private:
    /// Fails: std::errc(ESTALE).
    Result<void> check_reach(const fs::Call& call);

    const Presence presence_;
    const Authority authority_;
    const fs::NodeReference node_;
    std::atomic<std::uint64_t> moves_ = 0;  // as of which it was found below the authority's top
};

}  // namespace quire::server
