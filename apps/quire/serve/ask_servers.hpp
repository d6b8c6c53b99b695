// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <vector>

#include "frame/options.hpp"
#include "frame/session.hpp"
#include "frame/verb.hpp"
#include "serve/sockets.hpp"

namespace quire::app {

/// A verb that asks servers, one after the other, and shows a table of what they say, or lines of
/// JSON.
class AskServers : public Command {
public:
    void declare(Options& options) final;
    Result<void> run(Session& session) final;

protected:
    virtual std::vector<std::string> heading() const = 0;
    /// Adds rows, or prints JSON.
    virtual Result<void> ask(Session& session, const Server& server) = 0;

    void add_row(std::vector<std::string> cells) { table_.push_back(std::move(cells)); }
    /// Text that comes below the table.
    void add_below(const std::string& text) { below_ += text; }

private:
    std::vector<std::string> sockets_;
    std::vector<std::vector<std::string>> table_;
    std::string below_;
};

}  // namespace quire::app
