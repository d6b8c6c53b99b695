// SPDX-License-Identifier: MIT

#include "served/latencies.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

namespace quire::bench {

std::string Latencies::json() const {
    if (took_.empty()) return "null";
    std::vector<std::int64_t> sorted = took_;
    std::ranges::sort(sorted);
    const auto count = static_cast<double>(sorted.size());
    const auto at = [&](double percent) {
        const double rank = std::max(1.0, std::ceil(percent / 100 * count));
        return sorted[static_cast<std::size_t>(rank) - 1];
    };
    return fmt::format(
        "{{\"count\": {}, \"p50\": {}, \"p90\": {}, \"p99\": {}, \"p99.9\": {}, \"max\": {}}}",
        sorted.size(), at(50), at(90), at(99), at(99.9), sorted.back());
}

Latencies latencies_of_clock() {
    Latencies latencies;
    for (int i = 0; i < 20'000; ++i) {
        const auto start = Clock::now();
        latencies.add(Clock::now() - start);
    }
    return latencies;
}

}  // namespace quire::bench
