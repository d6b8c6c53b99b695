// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace quire::bench {

using Clock = std::chrono::steady_clock;

/// How long single operations took.
class Latencies {
public:
    void add(Clock::duration took) {
        took_.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
    }
    /// Percentiles in nanoseconds, each a value that was measured, as JSON.
    std::string json() const;

private:
    std::vector<std::int64_t> took_;
};

/// Of nothing: what the clock itself adds to each.
Latencies latencies_of_clock();

}  // namespace quire::bench
