// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "quire/base/time.hpp"
#include "quire/fs/tree.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/memory/page_pool.hpp"
#include "quire/protocols/filesystem.hpp"
#include "quire/server/authority.hpp"
#include "quire/wire/account.hpp"

namespace quire::server {

struct SessionHost;

struct FileServerOptions {
    /// For times that are to be the present.
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
    /// What each client may use.
    wire::AccountLimits account = {};
    /// Buffers of all clients.
    std::shared_ptr<wire::Allowance> buffers =
        std::make_shared<wire::Allowance>(wire::buffers_of_all_clients);
    /// Memory in which clients find content without asking. Without, they ask.
    /// Needs: nobody changes files but through the tree.
    std::shared_ptr<paging::PagePool> pages = {};
    /// What clients have written in memory is the file's after this time, if nobody asks before.
    std::chrono::milliseconds age{5000};
};

/// How much of everything there is, for tests and for who watches.
struct FileServerCounters {
    std::size_t openers = 0;
    std::size_t contexts = 0;
    std::size_t files = 0;  ///< sessions on files
    std::size_t directories = 0;
    std::size_t providers = 0;  ///< inodes that are open
    std::size_t buffers = 0;
    paging::PagePool::Counters memory;  ///< without any, a budget of 0
    /// Subscriptions that have something to be told.
    std::size_t untold = 0;
};

/// One tree as capabilities: Filesystem, Opener, OpenerContext, FileObject, Directory
/// (protocols/filesystem.idl). A client is who has an account, with all that was given out for it.
///
/// What is done through a fs::Tree or a Guard beside it is seen by its sessions, but causes no
/// events.
/// Threads: any. It may end before what it gave out, which goes on.
class FileServer {
public:
    explicit FileServer(std::shared_ptr<fs::Tree> tree, FileServerOptions options = {});

    /// All of it, for who may act as anybody.
    ipc::Cap<protocols::Filesystem> filesystem(std::shared_ptr<wire::Account> account);
    ipc::Cap<protocols::Filesystem> filesystem() { return filesystem(new_account()); }
    /// What `authority` allows. Needs: it is one of the same tree.
    ipc::Cap<protocols::Opener> opener(Authority authority, std::shared_ptr<wire::Account> account);
    ipc::Cap<protocols::Opener> opener(Authority authority) {
        return opener(std::move(authority), new_account());
    }

    /// Of one more client.
    std::shared_ptr<wire::Account> new_account() const;

    FileServerCounters counters() const;

private:
    std::shared_ptr<SessionHost> host_;
};

}  // namespace quire::server
