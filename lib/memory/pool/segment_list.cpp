// SPDX-License-Identifier: MIT

#include "pool/segment_list.hpp"

namespace quire::paging {

std::optional<std::uint32_t> SegmentList::add(std::uint64_t size) {
    if (segments_.size() + 1 >= most_segments || !pool_.charge(size, bytes_)) return std::nullopt;
    auto segment = Segment::create(size, kind_);
    if (!segment) {
        pool_.give_back(size, 1);
        return std::nullopt;
    }
    segments_.push_back(*std::move(segment));
    bytes_ += size;
    return static_cast<std::uint32_t>(segments_.size());
}

}  // namespace quire::paging
