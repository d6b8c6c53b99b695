// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>

#include "quire/confine/confinement.hpp"

namespace quire::confine {

/// Lets this process, all its threads included, make only the system calls that it needs. Says how
/// many those are.
/// Needs: no_new_privs; answer_trapped_calls().
/// Fails: operation_not_supported, operation_not_permitted (seccomp is not to be had).
Result<std::size_t> install_filter(const Confinement& wanted);

}  // namespace quire::confine
