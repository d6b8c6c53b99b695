// SPDX-License-Identifier: MIT

#pragma once

#include "frame/session.hpp"
#include "quire/transfer/listener.hpp"

namespace quire::app {

/// Tells the person how a transfer goes: problems and warnings always, what was done with -v.
class TransferListener final : public transfer::Listener {
public:
    explicit TransferListener(Session& session) : session_(session) {}

    void done(transfer::Action action, std::string_view from, std::string_view to) override;
    void problem(std::string_view path, const Error& error) override;
    void warning(std::string_view path, std::string_view sentence) override;
    bool stop() override { return false; }

private:
    Session& session_;
};

}  // namespace quire::app
