// SPDX-License-Identifier: MIT

#include "crash_plan.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace quire::testing {

bool is_change(const Record& record) {
    return record.range.length > 0 &&
           (record.kind == Record::Kind::write || record.kind == Record::Kind::zero ||
            record.kind == Record::Kind::discard);
}

std::vector<Epoch> split_epochs(std::span<const Record> log) {
    std::vector<Epoch> epochs;
    Epoch current;
    for (std::size_t index = 0; index <= log.size(); ++index) {
        if (index < log.size() && is_change(log[index])) {
            current.changes.push_back(index);
        } else if (index == log.size() || log[index].kind == Record::Kind::flush) {
            current.end = index;
            if (!current.changes.empty()) epochs.push_back(std::move(current));
            current = {};
        }
    }
    return epochs;
}

namespace {

/// Chooses the places where a change is torn, each a whole number of sectors of the device.
std::vector<std::uint64_t> choose_tears(block::Range range, const CrashOptions& options,
                                        std::mt19937_64& random) {
    // The first sector may begin before the change does.
    const std::uint64_t lead = options.sector - range.offset % options.sector;
    if (range.length <= lead) return {};
    const std::uint64_t cuts = (range.length - lead + options.sector - 1) / options.sector;
    std::set<std::uint64_t> chosen;
    if (cuts <= options.tears_per_write) {
        for (std::uint64_t cut = 0; cut < cuts; ++cut) chosen.insert(cut);
    } else {
        while (chosen.size() < options.tears_per_write) chosen.insert(random() % cuts);
    }
    std::vector<std::uint64_t> kept;
    for (const std::uint64_t cut : chosen) kept.push_back(lead + cut * options.sector);
    return kept;
}

}  // namespace

std::vector<CrashPlan> plan_crash_states(std::span<const Record> log,
                                         const std::vector<Epoch>& epochs,
                                         const CrashOptions& options) {
    using Kind = CrashPlan::Kind;
    std::mt19937_64 random(options.seed);
    std::vector<CrashPlan> plans;
    for (std::size_t number = 0; number < epochs.size(); ++number) {
        const Epoch& epoch = epochs[number];
        const std::size_t count = epoch.changes.size();
        for (std::size_t change = 0; change < count; ++change) {
            plans.push_back({Kind::prefix, number, change, 0});
            for (const std::uint64_t kept :
                 choose_tears(log[epoch.changes[change]].range, options, random))
                plans.push_back({Kind::torn, number, change, kept});
        }
        if (count == 1) continue;
        if (options.single_changes) {
            // The last one missing, or the first one alone, is a prefix; of two changes, the
            // second one alone is the first one missing.
            for (std::size_t change = 0; change + 1 < count; ++change)
                plans.push_back({Kind::without, number, change, 0});
            for (std::size_t change = 1; change < count && count > 2; ++change)
                plans.push_back({Kind::alone, number, change, 0});
        }
        for (std::size_t sample = 0; sample < options.samples_per_epoch; ++sample)
            plans.push_back({Kind::sample, number, 2 + random() % (count - 1), random()});
    }
    if (!epochs.empty())
        plans.push_back({Kind::prefix, epochs.size() - 1, epochs.back().changes.size(), 0});
    return plans;
}

}  // namespace quire::testing
