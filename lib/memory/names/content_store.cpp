// SPDX-License-Identifier: MIT

#include "names/content_store.hpp"

#include <algorithm>
#include <cstring>

namespace quire::paging {

ContentStore::~ContentStore() {
    for (Slab& slab : slabs_) {
        if (slab.owners.empty()) continue;
        runs_.release(slab.run);
        runs_.give_back(slab.run);
    }
}

std::optional<std::uint32_t> ContentStore::make_slab(std::size_t size_class) {
    // What a holder of the run loses may be a slab of ours.
    const RunStore::Stretch stretch = runs_.take(1);
    if (stretch.count == 0) return std::nullopt;
    if (!runs_.segment_of(stretch.first).populate(RunStore::offset_of(stretch.first), run_size)) {
        runs_.give_back(stretch.first);
        return std::nullopt;
    }
    // Between the pieces nothing is left of a file that others may lose the right to read.
    std::memset(runs_.segment_of(stretch.first).data() + RunStore::offset_of(stretch.first), 0,
                run_size);
    if (unused_.empty()) {
        unused_.push_back(static_cast<std::uint32_t>(slabs_.size()));
        slabs_.emplace_back();
    }
    constexpr unsigned passes = 3;
    const std::uint32_t number = unused_.back();
    slabs_[number] = {.run = stretch.first,
                      .size_class = size_class,
                      .used = 0,
                      .owners = std::vector<std::uint32_t>(run_size / sizes[size_class])};
    with_room_[size_class].insert(number);
    unused_.pop_back();
    runs_.hold(stretch.first, *this, number, passes);
    return number;
}

void ContentStore::forget(std::uint32_t number) {
    unused_.push_back(number);
    with_room_[slabs_[number].size_class].erase(number);
    slabs_[number].owners.clear();
}

std::optional<ContentStore::Piece> ContentStore::take(std::size_t size, std::uint32_t owner) {
    const auto size_class =
        static_cast<std::size_t>(std::ranges::lower_bound(sizes, size) - sizes.begin());
    if (size_class == sizes.size()) return std::nullopt;
    if (with_room_[size_class].empty() && !make_slab(size_class)) return std::nullopt;
    const std::uint32_t number = *with_room_[size_class].begin();
    Slab& slab = slabs_[number];
    const auto free = std::ranges::find(slab.owners, 0U);
    *free = owner;
    if (++slab.used == slab.owners.size()) with_room_[size_class].erase(number);
    runs_.touch(slab.run);
    return Piece{number, static_cast<std::uint32_t>(free - slab.owners.begin())};
}

void ContentStore::give_back(Piece piece) {
    const auto content = bytes(piece);
    std::memset(content.data(), 0, content.size());
    Slab& slab = slabs_[piece.slab];
    slab.owners[piece.index] = 0;
    with_room_[slab.size_class].insert(piece.slab);
    if (--slab.used != 0) return;
    const std::uint32_t run = slab.run;
    forget(piece.slab);
    runs_.release(run);
    runs_.give_back_clean(run);
}

std::span<std::byte> ContentStore::bytes(Piece piece) const {
    const Slab& slab = slabs_[piece.slab];
    const std::size_t size = sizes[slab.size_class];
    return {runs_.segment_of(slab.run).data() + RunStore::offset_of(slab.run) + piece.index * size,
            size};
}

Place ContentStore::place(Piece piece) const {
    const Slab& slab = slabs_[piece.slab];
    return {slab.run / runs_in_segment,
            static_cast<std::uint32_t>(RunStore::offset_of(slab.run) +
                                       piece.index * sizes[slab.size_class])};
}

void ContentStore::lose(std::uint64_t number) {
    const auto slab = static_cast<std::uint32_t>(number);
    const std::vector<std::uint32_t> owners = std::move(slabs_[slab].owners);
    forget(slab);
    for (const std::uint32_t owner : owners)
        if (owner != 0) lost_(owner);
}

}  // namespace quire::paging
