// SPDX-License-Identifier: MIT

#pragma once

#include "pool/cell_store.hpp"
#include "pool/run_store.hpp"
#include "pool/segment_list.hpp"

namespace quire::paging {

/// All memory that the same clients may map.
/// Threads: one at a time (the pool's mutex).
struct Stores {
    struct Shape {
        Segment::Kind kind = Segment::Kind::sealed;
        std::uint64_t content_segment = 0;  ///< bytes; whole runs
        std::uint64_t table_segment = 0;    ///< bytes; whole chunks
    };
    Stores(PoolState& pool, const Shape& shape)
        : segments(pool, shape.kind),
          runs(pool, segments, shape.content_segment),
          cells(segments, shape.table_segment) {}

    SegmentList segments;
    RunStore runs;
    CellStore cells;
    std::uint32_t names_segment = 0;  // 0: none yet
};

}  // namespace quire::paging
