// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "served/latencies.hpp"
#include "served/reach.hpp"

namespace quire::bench {

/// Does something several times, and says how long each took. What goes wrong throws.
using Turn = std::function<std::vector<Clock::duration>()>;

// Until the first byte of /small has been read. Words of a command end at spaces.

/// By this program, on a new connection.
Turn first_byte_of_connection(const std::string& socket);
/// By `command`, which writes it.
Turn first_byte_of_program(const std::string& command);
/// By this program, when `command` has begun to serve at `socket`. It stays, and says something when clients can come.
Turn first_byte_of_server(const std::string& command, const std::string& socket);
/// By this program, when `command` has mounted something at `directory`. It stays, or returns.
Turn first_byte_of_mount(const std::string& command, const std::string& directory);

// Until a call has returned that changes /shared, 64 MiB, which two processes read all the time.

using Connect = std::function<std::unique_ptr<Reach>()>;

Turn rewriting_first_byte(const Connect& connect);
Turn cutting(const Connect& connect);

}  // namespace quire::bench
