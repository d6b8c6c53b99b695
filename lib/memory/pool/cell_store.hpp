// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pool/segment_list.hpp"

namespace quire::paging {

/// Cells and chunks. What is given out is zero, and so is what is given back; but for clients who
/// write there too, who can spoil it for themselves.
/// Threads: one at a time (the pool's mutex).
class CellStore {
public:
    CellStore(SegmentList& segments, std::uint64_t segment_size)
        : segments_(segments), segment_size_(segment_size) {}

    /// Nothing when there is no memory.
    std::optional<Place> take_cell();
    std::optional<Place> take_chunk();
    void give_back_cell(Place cell) { cells_.push_back(cell); }
    void give_back_chunk(Place chunk) { chunks_.push_back(chunk); }

    template <typename T>
    T* at(Place place) const {
        return reinterpret_cast<T*>(segments_.get(place.segment).data() + place.offset);
    }

private:
    SegmentList& segments_;
    const std::uint64_t segment_size_;
    std::vector<Place> cells_;
    std::vector<Place> chunks_;
    std::uint32_t segment_ = 0;  // the newest one, and how far it is given out
    std::uint64_t used_ = 0;
};

}  // namespace quire::paging
