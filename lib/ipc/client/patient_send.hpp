// SPDX-License-Identifier: MIT

#pragma once

#include <functional>

#include "quire/base/result.hpp"
#include "quire/ipc/call.hpp"

namespace quire::ipc {

/// Makes `attempt` until it fails for another reason than a full queue, waiting for room in `fd`
/// in between: that a server reads no faster is how its clients are slowed down.
/// Fails: timed_out, operation_canceled, what the attempt reports.
Result<void> send_patiently(int fd, const Call& call, const std::function<Result<void>()>& attempt);

/// Succeeds while somebody still wants the call to be made.
/// Fails: timed_out, operation_canceled.
Result<void> check_wanted(const Call& call);

}  // namespace quire::ipc
