// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "quire/base/time.hpp"
#include "quire/fs/tree.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/filesystem.hpp"
#include "quire/server/authority.hpp"

namespace quire::server {

struct SessionHost;
class FilesystemObject;

struct FileServerOptions {
    /// For times that are to be the present.
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
    /// Memory of one client that may be mapped here, each buffer counting one MiB at least.
    std::uint64_t buffer_bytes_per_client = std::uint64_t{256} << 20U;
    /// Buffers of all clients: the kernel has a limit of mappings.
    std::size_t buffers = 16384;
};

/// How much of everything there is, for tests and for who watches.
struct FileServerCounters {
    std::size_t openers = 0;
    std::size_t contexts = 0;
    std::size_t files = 0;  ///< sessions on files
    std::size_t directories = 0;
    std::size_t providers = 0;  ///< inodes that are open
    std::size_t buffers = 0;
    /// Subscriptions that have something to be told.
    std::size_t untold = 0;
};

/// One tree as capabilities: Filesystem, Opener, OpenerContext, FileObject, Directory
/// (protocols/filesystem.idl). A client is who holds an opener that was made here, with all that
/// came of it.
///
/// What is done through a fs::Tree or a Guard beside it is seen by its sessions, but causes no
/// events.
/// Threads: any. It may end before what it gave out, which goes on.
class FileServer {
public:
    explicit FileServer(std::shared_ptr<fs::Tree> tree, FileServerOptions options = {});

    /// All of it, for who may act as anybody.
    ipc::Cap<protocols::Filesystem> filesystem();
    /// What `authority` allows. Needs: it is one of the same tree.
    ipc::Cap<protocols::Opener> opener(Authority authority);

    FileServerCounters counters() const;

private:
    friend class FilesystemObject;
    static ipc::Cap<protocols::Opener> opener_of(const std::shared_ptr<SessionHost>& host,
                                                 Authority authority);

    std::shared_ptr<SessionHost> host_;
};

}  // namespace quire::server
