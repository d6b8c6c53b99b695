// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "quire/assembly/address.hpp"
#include "quire/assembly/environment.hpp"
#include "quire/base/result.hpp"
#include "quire/base/units.hpp"

namespace quire::assembly {

/// What is served, where, and to whom.
struct ServeRequest {
    enum class Form : std::uint8_t {
        filesystem,  ///< the tree at an address, or the part of it below a path
        device,      ///< the bytes that an address names
    };

    Address address;
    Form form = Form::filesystem;
    std::string socket;
    /// Who may connect.
    mode_t socket_mode = 0600;
    bool read_only = false;
    /// Whether a peer of the server's own user acts as the image's root; otherwise as itself.
    bool owner_is_root = true;
    /// In which clients find content without asking; 0: none. At least paging::PagePool::least_budget.
    std::uint64_t memory = usual_memory;

    static constexpr std::uint64_t usual_memory = 256 * MiB;
};

/// Told when clients can come, with a line for people.
using Ready = std::function<void(const std::string& line)>;

/// Serves until SIGTERM, SIGINT or SIGHUP; then calls in progress have ten seconds, and everything
/// is committed.
///
/// The server is a child process. It opens the image's first file, or its channel to another
/// server, and gives up everything else (lib/confine) before it looks at a byte of it. This process
/// stays behind to take the socket away and to tell how it went; what ends it ends the server. What
/// clients change is committed when they ask, every five seconds, and at the end.
///
/// Needs: a process without other threads.
/// Fails: as Server::listen, confine::confine, Assembler::locate and device; connection_reset (the
/// server was killed, the sentence says by what). Errors while it serves go to standard error.
Result<void> serve(const ServeRequest& request, const Environment& environment, const Ready& ready);

/// The sockets at which servers of this user are, as far as they left word.
std::vector<std::string> running_servers(const Environment& environment);

}  // namespace quire::assembly
