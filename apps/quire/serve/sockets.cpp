// SPDX-License-Identifier: MIT

#include "serve/sockets.hpp"

#include <chrono>

#include "quire/assembly/serve.hpp"
#include "quire/base/name.hpp"
#include "quire/ipc/client.hpp"

namespace quire::app {

ipc::Call soon() {
    return ipc::Call::within(std::chrono::seconds(5));
}

Result<Server> find_server(const Session& session, std::string_view socket) {
    Server server;
    server.socket = socket;
    if (socket.starts_with("socket:")) {
        QUIRE_TRY_ASSIGN(const assembly::Address address, assembly::Address::parse(socket));
        if (!address.steps().empty() || !address.slice().whole())
            return fail(std::errc::invalid_argument,
                        printable(socket) + " names something inside a server, not the server");
        server.socket = address.source();
    }
    const std::string path = session.environment().host_path(server.socket);
    QUIRE_TRY_ASSIGN(UniqueFd channel, ipc::connect_channel(path));
    server.pid = ipc::listener_of(channel).pid;
    QUIRE_TRY_ASSIGN(server.service, ipc::adopt<protocols::Service>(std::move(channel)));
    auto description = server.service->describe(soon());
    if (!description)
        return std::unexpected(std::move(description).error().within(printable(server.socket)));
    server.description = *std::move(description);
    return server;
}

std::vector<std::string> sockets_named(const Session& session,
                                       const std::vector<std::string>& named) {
    return named.empty() ? assembly::running_servers(session.environment()) : named;
}

Result<std::vector<protocols::ServedClient>> clients_of(const Server& server) {
    std::vector<protocols::ServedClient> all;
    while (true) {
        QUIRE_TRY_ASSIGN(const auto some,
                         server.service->clients(soon(), all.empty() ? 0 : all.back().number));
        if (some.empty()) return all;
        // Whatever a server says, this ends.
        if (!all.empty() && some.front().number <= all.back().number)
            return fail(std::errc::bad_message, printable(server.socket) + " counts backwards");
        all.insert(all.end(), some.begin(), some.end());
    }
}

std::string_view kind_of(const Server& server) {
    return server.description.kind == protocols::ServiceKind::volume ? "filesystem" : "device";
}

}  // namespace quire::app
