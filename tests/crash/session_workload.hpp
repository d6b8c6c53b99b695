// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "quire/client/context.hpp"

namespace quire::tests {

/// One step of a client: a name and what it does through a session. When it has returned, all of it
/// has been acknowledged as durable, by File::flush or by Context::sync.
struct SessionStep {
    std::string name;
    std::function<Result<void>(client::Context&)> act;
};

/// Steps that touch what a session may keep back: content in buffers of the client, in shared memory
/// and in the server, files that are replaced, cut, punched, or removed while they are open.
std::vector<SessionStep> session_workload(std::uint64_t seed);

}  // namespace quire::tests
