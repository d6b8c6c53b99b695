// SPDX-License-Identifier: MIT

#include "pool/cell_store.hpp"

namespace quire::paging {

std::optional<Place> CellStore::take_chunk() {
    if (!chunks_.empty()) {
        const Place chunk = chunks_.back();
        chunks_.pop_back();
        return chunk;
    }
    if (segment_ == 0 || used_ == segment_size_) {
        const auto added = segments_.add(segment_size_);
        if (!added) return std::nullopt;
        segment_ = *added;
        used_ = 0;
    }
    if (!segments_.get(segment_).populate(used_, chunk_size)) return std::nullopt;
    const Place chunk{segment_, static_cast<std::uint32_t>(used_)};
    used_ += chunk_size;
    return chunk;
}

std::optional<Place> CellStore::take_cell() {
    if (cells_.empty()) {
        const auto chunk = take_chunk();
        if (!chunk) return std::nullopt;
        for (std::uint32_t offset = chunk_size; offset > 0; offset -= cell_size)
            cells_.push_back(
                {chunk->segment, chunk->offset + offset - static_cast<std::uint32_t>(cell_size)});
    }
    const Place cell = cells_.back();
    cells_.pop_back();
    return cell;
}

}  // namespace quire::paging
