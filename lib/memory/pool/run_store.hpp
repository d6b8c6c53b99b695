// SPDX-License-Identifier: MIT

#pragma once

#include <bitset>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "pool/pin_list.hpp"
#include "pool/pool_state.hpp"
#include "pool/segment_list.hpp"

namespace quire::paging {

/// Who has content in a run.
class RunHolder {
public:
    virtual ~RunHolder() = default;
    /// The run will be used for something else: its entry must not be seen any more from now on.
    virtual void lose(std::uint64_t granule) = 0;
};

/// Runs, and the queue in which they wait to be taken for other content: who asks
/// for one again moves it to the end. Those that clients have pinned are not taken.
/// Threads: one at a time (the pool's mutex).
class RunStore {
public:
    struct Stretch {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };

    RunStore(PoolState& pool, SegmentList& segments, std::uint64_t segment_size)
        : pool_(pool), segments_(segments), segment_size_(segment_size) {}

    /// Up to `most` runs in a row, which are nobody's; none (a count of 0) when all are in use, or
    /// being filled.
    Stretch take(std::uint32_t most);
    /// The same of those only that hold nothing.
    Stretch take_unused(std::uint32_t most);
    struct Waiting {
        std::uint32_t run = 0;
        RunHolder* holder = nullptr;
        std::uint64_t granule = 0;
    };
    /// Those whose turn it would be to go, the first one first.
    std::vector<Waiting> waiting(std::size_t most) const;
    /// Somebody's content may be in it yet.
    void give_back(std::uint32_t run);
    /// A free run with content in it, which is nobody's now and not pinned; nothing when there is none.
    std::optional<std::uint32_t> take_dirty();
    /// It holds zeros only.
    void give_back_clean(std::uint32_t run);
    /// It has content now, and gets a generation of its own. `weight`: how often it is passed over
    /// when it would be its turn to go.
    std::uint64_t hold(std::uint32_t run, RunHolder& holder, std::uint64_t granule,
                       unsigned weight);
    /// Nobody's any more, and not given back yet.
    void release(std::uint32_t run);
    void touch(std::uint32_t run);
    /// How many runs there may be.
    std::uint64_t capacity() const;
    PinList& pins() { return pins_; }

    /// Where a run is; that stays so.
    Segment& segment_of(std::uint32_t run) const { return segments_.get(run / runs_in_segment); }
    static std::uint64_t offset_of(std::uint32_t run) { return run % runs_in_segment * run_size; }

private:
    struct Run {
        RunHolder* holder = nullptr;
        std::uint64_t granule = 0;
        std::uint64_t generation = 0;
        unsigned weight = 0;
        std::list<std::uint32_t>::iterator place;
    };
    struct Part {
        std::uint32_t number = 0;  // of the segment
        std::uint32_t count = 0;
        std::uint32_t free = 0;
        std::uint32_t dirty = 0;
        std::bitset<runs_in_segment> is_free;
        std::bitset<runs_in_segment> is_dirty;  // and free
        std::vector<Run> runs;
    };

    bool grow();
    bool recycle(std::uint32_t most);
    Stretch take_free(std::uint32_t most);
    Part& part_of(std::uint32_t run);
    Run& get(std::uint32_t run);
    const Run& get(std::uint32_t run) const { return const_cast<RunStore&>(*this).get(run); }

    PoolState& pool_;
    SegmentList& segments_;
    const std::uint64_t segment_size_;
    std::vector<Part> parts_;
    std::vector<std::uint32_t> part_numbers_;  // by segment
    std::list<std::uint32_t> queue_;           // of runs that hold something
    PinList pins_;
    std::list<std::uint32_t> idle_;  // of the others, so that moving one takes no memory
};

/// Makes zeros of what free runs hold. Takes the pool's mutex, and not for the time of the making.
void scrub_runs(PoolState& pool, RunStore& runs);

}  // namespace quire::paging
