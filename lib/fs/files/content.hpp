// SPDX-License-Identifier: MIT

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "files/lending.hpp"
#include "files/watchers.hpp"

namespace quire::fs {

/// Lets many change the content of a file at once, or one who moves its end; who came first goes
/// first, so that neither starves (std::shared_mutex promises nothing of that kind).
/// Threads: any.
class EndGate {
public:
    void lock();
    void unlock();
    void lock_shared();
    void unlock_shared();
    std::size_t waiting() const;

private:
    mutable std::mutex mutex_;
    std::condition_variable freed_;
    std::uint64_t next_ = 0;  // place in the queue
    std::uint64_t now_ = 0;   // whose turn it is; of who moves the end, until it is done
    std::size_t sharing_ = 0;
    std::size_t waiting_ = 0;
};

/// What all share who have one file of a tree open. The locks come before the volume's turn.
struct Content {
    EndGate end;
    Watchers watchers;
    Lending lending;

    std::mutex
        locks_mutex;  // guards what follows, and all FileLocks; held while the volume is told
    std::size_t sharing = 0;
    bool exclusive = false;
};

}  // namespace quire::fs
