// SPDX-License-Identifier: MIT

#pragma once

#include <csignal>
#include <cstdint>
#include <thread>

namespace quire::testing {

/// As long as it lives every other thread of this process, whoever made it, is interrupted by
/// signals again and again. Their handler does nothing, and system calls are not restarted after
/// it. One at a time.
class SignalStorm {
public:
    SignalStorm();
    SignalStorm(const SignalStorm&) = delete;
    SignalStorm& operator=(const SignalStorm&) = delete;
    ~SignalStorm();

    /// Signals that threads have handled since it began.
    std::uint64_t handled() const;
    /// Waits for so many more.
    void wait_for(std::uint64_t count) const;

private:
    struct sigaction before_{};
    std::uint64_t handled_before_ = 0;
    std::jthread thread_;
};

}  // namespace quire::testing
