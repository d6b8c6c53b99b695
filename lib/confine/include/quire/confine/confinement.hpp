// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::confine {

/// What a confined server may still do. Whoever parses a foreign image has these rights and no
/// others; there is no field that switches a protection off.
struct Confinement {
    /// The descriptors that stay open: the device, listening sockets, channels, and where the log
    /// goes (usually 2). All others are closed; of 0, 1 and 2, those not named become /dev/null, so
    /// that no channel is given such a number and then a libc's message.
    std::vector<int> keep;
    /// Whether the device may be written: transfers, holes, resizing, flushing.
    bool writable_device = false;
    /// Whether this process serves: makes channels and threads, waits for many descriptors, sends
    /// and receives descriptors, makes and maps shared memory.
    bool makes_channels = false;
};

/// What confine() has done, as far as it depends on the kernel and on who called.
struct Report {
    /// How much of Landlock is in force: the version of its interface, 0 for none.
    int landlock_abi = 0;
    /// Why there is no Landlock; empty when there is.
    std::string landlock_missing;
    /// Whether the bounding set of capabilities is empty and the secure bits are locked, which
    /// takes CAP_SETPCAP. Without, no_new_privs and the refused execve say the same.
    bool bounding_set_dropped = false;
    /// How many descriptors were kept, and how many system calls may be made.
    std::size_t descriptors = 0;
    std::size_t system_calls = 0;

    /// All of it in one line without newline, for a log and for `quire ps`.
    std::string line() const;
};

/// Gives up, for ever, everything but what `wanted` names: capabilities, new privileges, other
/// descriptors, names of files (Landlock and seccomp), being inspected or dumped, and all system
/// calls that a server has no use for. What no server ever does (execve, fork, ptrace, memory to
/// execute, ...) kills the process; anything else that is not allowed fails with EPERM.
///
/// Call it once, when the device and the first channels are open and before any thread is made.
/// An error means that the process may be confined in part: it must end.
///
/// Needs: the only thread of the process; /dev/null unless 0, 1 and 2 are kept; SIGSYS stays
/// unblocked and unhandled by others in every thread (it answers fstat(3), see README.md).
/// Fails: operation_not_permitted (confined already; a required mechanism is forbidden from
/// outside), operation_not_supported (the kernel lacks a required mechanism: seccomp filters,
/// no_new_privs, close_range), device_or_resource_busy (other threads run), bad_file_descriptor (a
/// number in `keep` is not open), and what the host reports; each with a sentence.
/// Threads: none but the caller's; threads made later are confined alike.
[[nodiscard]] Result<Report> confine(const Confinement& wanted);

}  // namespace quire::confine
