// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <vector>

namespace quire::ipc {

/// The processors that this thread may run on; put back at the end. Threads inherit the place that
/// their maker has when it makes them.
class Processors {
public:
    Processors() {
        CPU_ZERO(&before_);
        EXPECT_EQ(::sched_getaffinity(0, sizeof(before_), &before_), 0);
        for (int i = 0; i < CPU_SETSIZE; ++i) {
            if (CPU_ISSET(i, &before_)) numbers_.push_back(i);
        }
    }
    Processors(const Processors&) = delete;
    Processors& operator=(const Processors&) = delete;
    ~Processors() { ::sched_setaffinity(0, sizeof(before_), &before_); }

    std::size_t count() const { return numbers_.size(); }
    /// From now on the calling thread runs on the `index`th of them only.
    void run_on(std::size_t index) const {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(numbers_.at(index), &set);
        EXPECT_EQ(::sched_setaffinity(0, sizeof(set), &set), 0);
    }

private:
    cpu_set_t before_;
    std::vector<int> numbers_;
};

}  // namespace quire::ipc
