// SPDX-License-Identifier: MIT

#pragma once

#include "pool/cell_store.hpp"
#include "pool/run_store.hpp"
#include "pool/segment_list.hpp"

namespace quire::paging {

struct Domain::Memory {
    explicit Memory(PoolState& pool)
        : segments(pool), runs(pool, segments), cells(pool, segments) {}

    SegmentList segments;
    RunStore runs;
    CellStore cells;
    std::uint32_t names_segment = 0;  // 0: none yet
};

}  // namespace quire::paging
