// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/any_cap.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/home.hpp"
#include "quire/ipc/listening_socket.hpp"
#include "quire/ipc/quota.hpp"
#include "quire/ipc/snapshot.hpp"

namespace quire::ipc {

struct ServerOptions {
    /// How many threads may run at once, at least 2. They are made as calls block, and go when idle.
    /// One of them never enters an object, so that cancellations and dead clients are seen even
    /// when all others are blocked.
    std::size_t max_workers = 64;
    std::chrono::milliseconds idle_worker_time{10'000};
    /// What each client may use; a client is who connected, with all that it handed on.
    Quota quota = {};
    /// Of all clients together. Each user, and each client of one, leaves as much for others as it
    /// takes: at most a half is one user's, and a third one client's.
    std::size_t max_channels = 4096;
    std::size_t max_objects = 1 << 20;
    /// Of channels, gates, and what clients send.
    std::size_t max_descriptors = descriptors_for_clients();
    /// How often the kernel is made to look for sockets that nobody can reach any more, while there
    /// are clients. It does so by itself only when some socket is closed; until then a client that
    /// was killed while a gate was on its way to itself keeps its objects.
    std::chrono::milliseconds collection_interval{2'000};
    /// Whether clients may offer shared memory for short calls.
    bool slots = true;

    /// As many as the process may have open (the soft limit, RLIMIT_NOFILE), but for some of its own.
    /// To be asked before a process gives up its right to ask.
    static std::size_t descriptors_for_clients();
};

/// Serves objects of this process to others: worker threads over one epoll set.
///
/// Calls of one channel run at once; each blocks its own worker only. The order in which messages
/// of a channel take effect: a one-way message is done before what was sent after it is looked at;
/// so are releases and the arguments of calls. Nothing here ever waits for a client.
/// Threads: any. A forked child must not use its parent's; ending it there does nothing.
class Server {
public:
    /// Decides what a peer that has connected gets, by who it is. Called on workers, of several
    /// connections at once.
    using Admit = std::function<Result<AnyCap>(const Peer&)>;

    /// Fails: too_many_files_open, resource_unavailable_try_again (no thread).
    static Result<Server> create(ServerOptions options);
    static Result<Server> create() { return create(ServerOptions{}); }

    Server(Server&&) noexcept;
    Server& operator=(Server&&) noexcept;
    /// Stops without waiting for calls in progress to succeed: they are cancelled.
    /// Needs: objects whose calls end, at the latest when they are cancelled.
    ~Server();

    /// Accepts clients at a path, on which a socket is made that only this user may connect to, or
    /// whom else `mode` lets. A socket that nobody listens at any more is replaced. An error
    /// of `admit` ends that connection.
    /// Fails: address_in_use (somebody listens there, or it is no socket), filename_too_long (over
    /// 107 bytes), and what bind(2) reports.
    Result<void> listen(const std::string& path, Admit admit, mode_t mode = 0600);
    /// The same at a socket that was made before. Fails: operation_canceled (the server is
    /// stopping).
    Result<void> listen(ListeningSocket socket, Admit admit);

    /// Serves a channel whose client end somebody has, `root` being its object 1. Its client has the
    /// quota of one, but does not share with others: it counts as this process's own.
    /// Owns: `end`.
    /// Fails: not_a_socket (not a Unix socket of sequenced packets), too_many_files_open (the quota
    /// of channels), operation_canceled (the server is stopping).
    Result<void> adopt(UniqueFd end, AnyCap root);

    /// As Home::gate.
    Result<UniqueFd> gate(AnyCap cap) { return home().gate(std::move(cap)); }

    /// For ClientOptions and all that hands this server's objects on.
    Home home() const;

    /// Takes no new clients and no new calls (they fail with operation_canceled) and waits for those
    /// in progress; at `deadline` cancels them and ends all channels. True when none was cancelled;
    /// then nothing of this server holds an object any more that a client held, unless the deadline
    /// passed while one was ending.
    bool stop(Call::Deadline deadline);

    /// Who is connected, what they hold, and how much has happened.
    Snapshot snapshot() const;

private:
    explicit Server(std::shared_ptr<ServerCore> core);

    std::shared_ptr<ServerCore> core_;
};

}  // namespace quire::ipc
