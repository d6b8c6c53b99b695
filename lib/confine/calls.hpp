// SPDX-License-Identifier: MIT

#pragma once

#include <seccomp.h>
#include <sys/types.h>

#include <string_view>
#include <vector>

#include "quire/confine/confinement.hpp"

namespace quire::confine {

/// A system call, and what its arguments must be for the rule to hold (all of them at once; none:
/// any arguments). Several rules of one call: one of them must hold.
struct CallRule {
    int call = 0;
    std::vector<scmp_arg_cmp> arguments;
    /// Why the call is allowed although everyday work does not show it; empty when it does.
    std::string_view seldom;
};

/// What a confined process may call; `self` is its process id.
std::vector<CallRule> allowed_calls(const Confinement& wanted, pid_t self);

/// What the signal handler of trapped_calls.hpp answers.
std::vector<CallRule> trapped_calls();

/// What kills the process: see the reason beside the list.
std::vector<CallRule> deadly_calls();

/// What answers ENOSYS, because callers then do without.
std::vector<CallRule> missing_calls();

}  // namespace quire::confine
