// SPDX-License-Identifier: MIT

#include "quire/ipc/server.hpp"

#include <sys/epoll.h>

#include <utility>

#include "server/core.hpp"
#include "server/listener.hpp"

namespace quire::ipc {

Server::Server(std::shared_ptr<ServerCore> core) : core_(std::move(core)) {}
Server::Server(Server&&) noexcept = default;

Server& Server::operator=(Server&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
}

Server::~Server() {
    if (!core_) return;
    if (core_->generation() == process_generation()) {
        core_->shut_down();
    } else {
        // A forked child has the memory of the workers, but not the workers; nothing of it can be
        // ended properly.
        (void)new std::shared_ptr<ServerCore>(std::move(core_));
    }
}

Result<Server> Server::create(ServerOptions options) {
    QUIRE_TRY_ASSIGN(auto core, ServerCore::create(options));
    return Server(std::move(core));
}

Result<void> Server::listen(const std::string& path, Admit admit, mode_t mode) {
    QUIRE_TRY_ASSIGN(ListeningSocket socket, ListeningSocket::bind(path, mode));
    return listen(std::move(socket), std::move(admit));
}

Result<void> Server::listen(ListeningSocket socket, Admit admit) {
    return core_->add(std::make_shared<Listener>(*core_, std::move(socket), std::move(admit)),
                      EPOLLIN);
}

Result<void> Server::adopt(UniqueFd end, AnyCap root) {
    return core_->serve_channel(std::move(end), std::move(root), core_->new_account(std::nullopt));
}

Home Server::home() const {
    return Home(core_);
}

bool Server::stop(Call::Deadline deadline) {
    return core_->stop(deadline);
}

Snapshot Server::snapshot() const {
    return core_->snapshot();
}

Result<UniqueFd> Home::gate(AnyCap cap) const {
    const auto server = server_.lock();
    if (!server || server->generation() != process_generation())
        return fail(std::errc::operation_not_supported,
                    "this process has no server that could serve its objects to others");
    return server->make_gate(std::move(cap));
}

}  // namespace quire::ipc
