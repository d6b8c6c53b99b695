// SPDX-License-Identifier: MIT

#include "serve/ask_servers.hpp"

#include "look/columns.hpp"

namespace quire::app {

void AskServers::declare(Options& options) {
    options.operands("SOCKET", sockets_, 0,
                     "servers to ask; without any, all that you have started",
                     ValueKind::host_path);
}

Result<void> AskServers::run(Session& session) {
    table_.push_back(heading());
    for (const std::string& socket : sockets_named(session, sockets_)) {
        const auto server = find_server(session, socket);
        const auto asked = server ? ask(session, *server) : std::unexpected(server.error());
        if (!asked) session.report(asked.error());
    }
    if (!session.manner().json && table_.size() > 1) {
        session.out().text(as_table(table_));
        session.out().text(below_);
    }
    return {};
}

}  // namespace quire::app
