// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "quire/base/result.hpp"
#include "quire/memory/segment.hpp"

namespace quire::paging {

/// A word in shared memory that the kernel marks when this process has died, however it did: a
/// robust futex (set_robust_list(2)) of a thread that does nothing but live as long as this.
/// Threads: any.
class Life {
public:
    /// Fails: as Segment::create; resource_unavailable_try_again (no thread).
    static Result<std::unique_ptr<Life>> begin();
    /// Marks it as well.
    ~Life();
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;

    const std::shared_ptr<const Segment>& segment() const { return segment_; }

private:
    explicit Life(std::shared_ptr<const Segment> segment) : segment_(std::move(segment)) {}
    void live();

    const std::shared_ptr<const Segment> segment_;
    std::atomic<int> began_ = 0;  // 1: it lives; -1: the kernel would not mark it
    std::atomic<bool> ended_ = false;
    std::jthread thread_;
};

}  // namespace quire::paging
