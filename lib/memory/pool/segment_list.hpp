// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "pool/pool_state.hpp"
#include "quire/memory/layout.hpp"

namespace quire::paging {

/// The segments of one domain by their numbers, charged to the pool as long as this lives.
/// Threads: one at a time (the pool's mutex).
class SegmentList {
public:
    SegmentList(PoolState& pool, Segment::Kind kind) : pool_(pool), kind_(kind) {}
    SegmentList(const SegmentList&) = delete;
    SegmentList& operator=(const SegmentList&) = delete;
    ~SegmentList() { pool_.give_back(bytes_, segments_.size()); }

    /// The number of a new one; nothing when the budget is used up or there is no memory.
    std::optional<std::uint32_t> add(std::uint64_t size);
    /// nullptr: there is none.
    std::shared_ptr<const Segment> find(std::uint32_t number) const {
        if (number == life_segment) return pool_.life->segment();
        return number <= segments_.size() ? segments_[number - 1] : nullptr;
    }
    /// Needs: there is one.
    Segment& get(std::uint32_t number) const { return *segments_[number - 1]; }

private:
    PoolState& pool_;
    const Segment::Kind kind_;
    std::vector<std::shared_ptr<Segment>> segments_;  // from number 1 on
    std::uint64_t bytes_ = 0;
};

}  // namespace quire::paging
