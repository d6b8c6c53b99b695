// SPDX-License-Identifier: MIT

#pragma once

#include "quire/testing/crash_states.hpp"

namespace quire::testing {

/// The changes between two flushes, as indexes of the log.
struct Epoch {
    /// Writes, zeros and discards; never empty.
    std::vector<std::size_t> changes;
    /// The flush that ended it, or the end of the log.
    std::size_t end = 0;
};

/// How one state comes about.
struct CrashPlan {
    enum class Kind {
        /// Everything before a change.
        prefix,
        /// Everything before a change, and that change up to a sector.
        torn,
        /// The whole epoch but one change.
        without,
        /// Of the epoch one change.
        alone,
        /// Of the epoch a random choice.
        sample,
    };
    Kind kind = Kind::prefix;
    std::size_t epoch = 0;
    /// Which change of the epoch; of a prefix and a sample, how many changes had been issued.
    std::size_t change = 0;
    /// Of a torn change, how many bytes arrived; of a sample, what seeds its choices.
    std::uint64_t detail = 0;
};

bool is_change(const Record& record);
std::vector<Epoch> split_epochs(std::span<const Record> log);
std::vector<CrashPlan> plan_crash_states(std::span<const Record> log,
                                         const std::vector<Epoch>& epochs,
                                         const CrashOptions& options);

}  // namespace quire::testing
