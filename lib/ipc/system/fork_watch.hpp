// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>

#include "quire/base/unique_fd.hpp"

namespace quire::ipc {

// A fork copies a channel's descriptors and the memory that says what is going on in it, with locks
// held by threads that the child does not have. Two processes would then take each other's replies,
// and neither end would notice when the other is gone. So a channel belongs to the process that
// made it: the child sees that it is another one (`process_generation`), keeps away from what it
// inherited, and its copies of the descriptors are replaced by a dead socket at once, under the
// same number, so that their owners may still close them.
//
// What cannot be helped: a descriptor that is received or made by one thread in the moment in which
// another forks, and is not owned yet, stays open in the child, until that ends or execs.
//
// This is the only state of the whole program that this room has: a fork happens to a program.

/// A number that differs between a process and its child, also when the child was made without
/// fork(3).
/// Threads: any.
std::uint64_t process_generation();

/// Owns a descriptor that a forked child shall not share.
/// Threads: making and ending from any thread, also while another forks.
class ProcessFd {
public:
    ProcessFd() = default;
    explicit ProcessFd(UniqueFd fd);
    ProcessFd(const ProcessFd&) = delete;
    ProcessFd& operator=(const ProcessFd&) = delete;
    ~ProcessFd();

    int get() const { return fd_.get(); }
    explicit operator bool() const { return static_cast<bool>(fd_); }

private:
    friend class ForkWatch;

    UniqueFd fd_;
    std::uint64_t generation_ = 0;
    ProcessFd* next_ = nullptr;
    ProcessFd* previous_ = nullptr;
};

}  // namespace quire::ipc
