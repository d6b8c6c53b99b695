// SPDX-License-Identifier: MIT

#pragma once

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::ipc {

/// Wakes a thread that waits for descriptors.
/// Threads: any.
class WakeUp {
public:
    /// Fails: too_many_files_open.
    static Result<WakeUp> create();

    /// Readable from ring() until quieten().
    int fd() const { return fd_.get(); }
    void ring() const;
    void quieten() const;

private:
    explicit WakeUp(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace quire::ipc
