// SPDX-License-Identifier: MIT

#include "quire/ipc/listening_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "quire/base/name.hpp"
#include "system/fork_watch.hpp"
#include "system/socket_path.hpp"

namespace quire::ipc {

namespace {

/// Whether there is a socket at a path that nobody listens at: what a killed server leaves.
bool is_abandoned(const std::string& path, const sockaddr_un& address) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    const UniqueFd probe(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return probe &&
           ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
               0 &&
           errno == ECONNREFUSED;
}

}  // namespace

Result<ListeningSocket> ListeningSocket::bind(const std::string& path, mode_t mode) {
    QUIRE_TRY_ASSIGN(const sockaddr_un address, socket_address(path));
    const auto* const name = reinterpret_cast<const sockaddr*>(&address);
    UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail_errno();
    // The file gets its permissions from the socket's inode, so that it never has wider ones.
    if (::fchmod(fd.get(), mode) != 0) return fail_errno();
    bool replaced = false;
    if (::bind(fd.get(), name, sizeof(address)) != 0) {
        if (errno != EADDRINUSE || !is_abandoned(path, address) || ::unlink(path.c_str()) != 0 ||
            ::bind(fd.get(), name, sizeof(address)) != 0)
            return fail_errno("a socket cannot be made at " + printable(path));
        replaced = true;
    }
    ListeningSocket socket(std::move(fd), path);
    socket.replaced_ = replaced;
    struct stat file{};
    if (::lstat(path.c_str(), &file) != 0)
        return fail_errno("a socket cannot be made at " + printable(path));
    socket.device_ = file.st_dev;
    socket.inode_ = file.st_ino;
    // The umask has taken something away.
    if ((file.st_mode & 07777) != mode && ::chmod(path.c_str(), mode) != 0)
        return fail_errno("the socket's permissions cannot be set at " + printable(path));
    if (::listen(socket.fd(), SOMAXCONN) != 0) return fail_errno();
    return socket;
}

ListeningSocket::ListeningSocket(UniqueFd fd, std::string path)
    : fd_(std::move(fd)), path_(std::move(path)), generation_(process_generation()) {}

ListeningSocket::~ListeningSocket() {
    if (path_.empty() || generation_ != process_generation()) return;
    struct stat now{};
    if (::lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_)
        ::unlink(path_.c_str());
}

}  // namespace quire::ipc
