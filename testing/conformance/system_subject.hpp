// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "quire/base/unique_fd.hpp"
#include "subject.hpp"

namespace quire::conformance {

/// A directory of the machine by plain system calls, seen as the process is. Other users need
/// root: the calling thread takes on their identity for one call.
/// Needs: the umask of the process is 0.
std::shared_ptr<Subject> make_system_subject(UniqueFd top);

}  // namespace quire::conformance
