// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "frame/session.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/service.hpp"

namespace quire::app {

/// A server, as `ps` and `caps` see it.
struct Server {
    std::string socket;
    pid_t pid = 0;  ///< of the process that a signal ends it by
    ipc::Cap<protocols::Service> service;
    protocols::ServiceDescribeResult description;
};

/// The server at a socket, which may be written as an address (`socket:PATH`) or as a path.
/// Fails: as ipc::connect; timed_out (it does not answer within five seconds).
Result<Server> find_server(const Session& session, std::string_view socket);
/// The sockets that were named, or those of all servers of this user.
std::vector<std::string> sockets_named(const Session& session,
                                       const std::vector<std::string>& named);
/// All clients of a server. Fails: as find_server.
Result<std::vector<protocols::ServedClient>> clients_of(const Server& server);

/// How long a server may take to answer a question about itself.
ipc::Call soon();

std::string_view kind_of(const Server& server);

}  // namespace quire::app
