// SPDX-License-Identifier: MIT

#pragma once

#include "quire/base/result.hpp"

namespace quire::confine {

/// Makes fstat(3), and statx(2) of a descriptor, work when the filter traps the system calls they
/// are made of. Unblocks SIGSYS in this thread.
Result<void> answer_trapped_calls();

}  // namespace quire::confine
