// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::ipc {

/// A socket in the filesystem where clients connect, before there is a server for them: who gives
/// up its rights before it serves makes the socket first.
///
/// Its end removes the name, unless another server has put its own socket there, and only in the
/// process that made it.
/// Threads: one at a time.
class ListeningSocket {
public:
    /// Makes a socket at `path` that only this user may connect to, or whom else `mode` lets; one
    /// that nobody listens at any more is replaced. Clients may connect from now on; they wait.
    /// Fails: as Server::listen.
    static Result<ListeningSocket> bind(const std::string& path, mode_t mode = 0600);

    ListeningSocket(ListeningSocket&&) noexcept = default;
    ListeningSocket& operator=(ListeningSocket&&) = delete;
    ~ListeningSocket();

    /// -1 after close().
    int fd() const { return fd_.get(); }
    const std::string& path() const { return path_; }

    /// Whether a socket was there that nobody listened at any more: a server was killed, and may
    /// not have let go of everything yet.
    bool replaced() const { return replaced_; }

    /// Lets go of the descriptor, so that clients are refused as soon as no other process has it;
    /// the name stays until the end of this.
    void close() { fd_.reset(); }
    /// For the server: as close(), but the descriptor is the caller's.
    UniqueFd take() { return std::move(fd_); }

private:
    ListeningSocket(UniqueFd fd, std::string path);

    UniqueFd fd_;
    std::string path_;  // empty after a move
    dev_t device_ = 0;
    ino_t inode_ = 0;
    std::uint64_t generation_;
    bool replaced_ = false;
};

}  // namespace quire::ipc
