// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frame/session.hpp"
#include "quire/fs/tree.hpp"
#include "quire/transfer/listener.hpp"

namespace quire::app {

/// Hears nothing: for measuring what is worked on afterwards, when each problem is told.
class SilentListener final : public transfer::Listener {
public:
    void done(transfer::Action, std::string_view, std::string_view) override {}
    void problem(std::string_view, const Error&) override {}
    void warning(std::string_view, std::string_view) override {}
    bool stop() override { return false; }
};

/// What some work will amount to, so that progress can tell the time left. It takes a walk through
/// the trees, which is worth it only where somebody looks.
class Expectation {
public:
    explicit Expectation(Session& session) : session_(session) {}

    /// Whether somebody looks; if not, add() does nothing.
    bool wanted() const;
    /// Adds a node and what is below it. What can't be read is left out.
    void add(const std::shared_ptr<fs::Tree>& tree, const fs::NodeReference& node,
             const std::vector<std::string>& exclude = {});

private:
    Session& session_;
    std::uint64_t bytes_ = 0;
    std::uint64_t files_ = 0;
};

}  // namespace quire::app
