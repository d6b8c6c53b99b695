// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "quire/protocols/filesystem.hpp"
#include "session/session_host.hpp"

namespace quire::server {

/// A filesystem as one authority sees it.
class OpenerObject final : public protocols::Opener {
public:
    OpenerObject(std::shared_ptr<SessionHost> host, Authority authority,
                 std::shared_ptr<wire::Account> account);

    Result<ipc::Cap<protocols::OpenerContext>> context(const ipc::Call& call) override;
    Result<ipc::Cap<protocols::Opener>> restrict(const ipc::Call& call, std::string_view path,
                                                 bool read_only) override;

private:
    const Presence presence_;
    const Authority authority_;
    const std::shared_ptr<wire::Account> account_;
};

/// A filesystem as its owner holds it.
class FilesystemObject final : public protocols::Filesystem {
public:
    FilesystemObject(std::shared_ptr<SessionHost> host, std::shared_ptr<wire::Account> account)
        : host_(std::move(host)), account_(std::move(account)) {}

    Result<ipc::Cap<protocols::Opener>> open_for_user(const ipc::Call& call,
                                                      const protocols::Identity& user) override;
    Result<void> sync(const ipc::Call& call) override;

private:
    const std::shared_ptr<SessionHost> host_;
    const std::shared_ptr<wire::Account> account_;
};

}  // namespace quire::server
