// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quire/block/device.hpp"
#include "quire/testing/recording_device.hpp"

namespace quire::testing {

// What can a crash leave of a disk? Everything that was flushed is there. Of the changes since the
// last flush (an epoch) any part may be: disks and page caches write back in an order of their own,
// and a write of several sectors may stop between them. A sector is whole, old or new, and of two
// writes to one sector the medium never keeps the earlier over the later. So every outcome of every
// order is a choice, sector by sector, of the changes that made it: subsets cover permutations.
//
// An epoch of n sectors has 2^n outcomes. Visited are all prefixes, the outcomes nearest to them
// (torn in one place, one change missing, one change alone), where most mistakes show, and a seeded
// sample of the rest.

struct CrashOptions {
    /// What the disk writes as a whole: 512 or 4096 bytes.
    std::uint32_t sector = 512;
    /// At how many places each write of more than one sector is torn; the same seed chooses the
    /// same ones.
    std::size_t tears_per_write = 2;
    /// Whether each change of an epoch is once missing alone and once there alone.
    bool single_changes = true;
    /// How many random subsets of each epoch of more than one change are visited.
    std::size_t samples_per_epoch = 16;
    std::uint64_t seed = 1;
    /// Visits every shards-th state, beginning with `shard`: for several processes at once.
    std::size_t shard = 0;
    std::size_t shards = 1;
    /// Visits this state alone: to look at a failure again.
    std::optional<std::size_t> only = std::nullopt;
};

/// One image that a crash could have left.
struct CrashState {
    std::size_t number = 0;
    /// What was left out, for a person: "epoch 3 without record 21".
    std::string name;
    /// The crash came before this record of the log, which may be the end.
    std::size_t position = 0;
    /// The marks before it, in order: what the program had been told is done.
    std::span<const std::string> marks;
    /// The image. Changes to it are forgotten after the visit.
    block::Device& device;
};

/// How many states visit_crash_states() would number, shards and `only` aside.
std::size_t count_crash_states(std::span<const Record> log, const CrashOptions& options);

/// Visits the states in a fixed order, until `visit` answers false. Each is a thin layer over the
/// base: nothing is copied.
/// Needs: `base` as it was when recording began, not to change meanwhile.
/// Fails: what reading the base reports.
Result<void> visit_crash_states(std::shared_ptr<block::Device> base, std::span<const Record> log,
                                const CrashOptions& options,
                                const std::function<bool(const CrashState&)>& visit);

}  // namespace quire::testing
