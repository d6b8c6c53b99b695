// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>

#include "buffers/transfer_buffer.hpp"
#include "pages/client_words.hpp"
#include "pages/known_names.hpp"
#include "pages/shared_memory.hpp"
#include "pages/written_memory.hpp"
#include "quire/base/result.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/filesystem.hpp"

namespace quire::client {

/// What a context and all that it opened share.
/// Threads: one at a time.
struct ContextState {
    explicit ContextState(ipc::Cap<protocols::OpenerContext> its_context);

    /// How the next message is waited for.
    ipc::Call call() const;

    const ipc::Cap<protocols::OpenerContext> context;
    /// What to ask for, where `permissions` less the umask are wanted. The server takes it away, since
    /// only there it is known of default access lists; one that cannot is asked for less. A message
    /// where the umask is another one than before.
    Result<std::uint16_t> asked_for(std::uint16_t permissions);

    std::uint16_t umask = 0;
    std::uint16_t umask_there = 0;
    bool umask_is_known_there = true;
    std::optional<std::chrono::nanoseconds> patience;
    std::stop_token stop;
    TransferBuffer buffer;
    SharedMemory memory;
    KnownNames names;
    /// The files of `names` that are open, and the runs of `memory` that are looked at.
    ClientWords leases;
    ClientWords pins;
    WrittenMemory written;
    /// Of delayed writes whose file ended without anybody asking.
    std::optional<Error> lost_error;
};

/// Fails: no_such_file_or_directory (empty), filename_too_long.
Result<void> check_path(std::string_view path);

/// What the other side answered makes no sense.
std::unexpected<Error> senseless(const char* what);

}  // namespace quire::client
