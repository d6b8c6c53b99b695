// SPDX-License-Identifier: MIT

#pragma once

#include <condition_variable>
#include <mutex>

namespace quire::testing {

/// A place where threads wait until the test lets them on: a delay as long as the test wants, with
/// no clock in it.
/// Threads: any.
class Gate {
public:
    /// Waits until the gate is open. Called by what is delayed.
    void pass();

    /// Waits until `threads` are waiting in front of the gate.
    void wait_for(int threads);

    /// Lets everyone through, now and later.
    void open();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

}  // namespace quire::testing
