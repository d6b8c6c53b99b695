// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "quire/assembly/assembler.hpp"
#include "quire/assembly/serve.hpp"
#include "quire/ipc/listening_socket.hpp"
#include "quire/ipc/server.hpp"
#include "serve/service_object.hpp"

namespace quire::assembly {

/// The server process from its beginning to its end: hold(), confine(), start(), wait(), finish().
/// Threads: one, but for those of the ipc::Server.
class Serving {
public:
    Serving(const ServeRequest& request, const Environment& environment);
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;
    ~Serving();

    /// Opens the first file of the image, or the channel to the server that has it. `patient`: waits
    /// for who has the image locked, a server before this one that is about to end.
    Result<void> hold(bool patient);
    /// Gives up all rights but those to what is held, to `socket` and to `others`.
    Result<void> confine(const ipc::ListeningSocket& socket, const std::vector<int>& others);
    /// Opens what is served; from now on clients are answered. A line for people.
    Result<std::string> start(ipc::ListeningSocket socket);
    /// Until a signal ends it. Commits now and then.
    void wait();
    /// Lets calls end, and commits. When that takes long, another signal ends the process without.
    Result<void> finish();

private:
    Result<void> open();
    Result<void> open_tree();
    std::shared_ptr<paging::PagePool> pages_for(fs::Tree& tree) const;
    void commit_now_and_then(const std::stop_token& stop);
    void hear_who_insists(const std::stop_token& stop) const;
    void say(const Error& error) const;

    const ServeRequest& request_;
    const Environment& environment_;
    const Access access_;
    Assembler assembler_;
    std::vector<int> held_;
    std::string confinement_;
    std::shared_ptr<Served> served_ = std::make_shared<Served>();
    ipc::ServerOptions channels_;
    std::optional<ipc::Server> server_;
    std::jthread watchdog_;
};

}  // namespace quire::assembly
