// SPDX-License-Identifier: MIT

#include "pool/run_store.hpp"

#include <algorithm>
#include <cstring>

namespace quire::paging {

RunStore::Part& RunStore::part_of(std::uint32_t run) {
    return parts_[part_numbers_[run / runs_in_segment]];
}

RunStore::Run& RunStore::get(std::uint32_t run) {
    return part_of(run).runs[run % runs_in_segment];
}

std::uint64_t RunStore::capacity() const {
    return pool_.budget / run_size;
}

bool RunStore::grow() {
    const auto number = segments_.add(segment_size_);
    if (!number) return false;
    Part part;
    part.number = *number;
    part.count = static_cast<std::uint32_t>(segment_size_ / run_size);
    part.free = part.count;
    for (std::uint32_t i = 0; i < part.count; ++i) part.is_free.set(i);
    part.runs.resize(part.count);
    for (std::uint32_t i = 0; i < part.count; ++i)
        part.runs[i].place = idle_.insert(idle_.end(), *number * runs_in_segment + i);
    part_numbers_.resize(*number + 1);
    part_numbers_[*number] = static_cast<std::uint32_t>(parts_.size());
    parts_.push_back(std::move(part));
    return true;
}

// Who pins one that is lost here is seen by who takes it.
bool RunStore::recycle(std::uint32_t most) {
    std::uint32_t found = 0;
    const std::span<const std::uint32_t> pinned = pins_.now();
    std::size_t passed = 0;  // without anything having become of it
    while (found < most && passed < queue_.size()) {
        const std::uint32_t number = queue_.front();
        Run& run = get(number);
        const bool is_pinned = std::ranges::binary_search(pinned, number);
        if (is_pinned || run.weight > 0) {
            passed = is_pinned ? passed + 1 : 0;
            if (!is_pinned) --run.weight;
            queue_.splice(queue_.end(), queue_, queue_.begin());
            continue;
        }
        run.holder->lose(run.granule);
        release(number);
        give_back(number);
        ++pool_.counters.recycled;
        ++found;
    }
    return found > 0;
}

RunStore::Stretch RunStore::take_free(std::uint32_t most) {
    // Nothing that is free has an entry: who has not pinned it by now does not.
    const std::span<const std::uint32_t> pinned = pins_.now();
    for (Part& part : parts_) {
        if (part.free == 0) continue;
        const auto usable = [&](std::uint32_t i) {
            return part.is_free[i] &&
                   !std::ranges::binary_search(pinned, part.number * runs_in_segment + i);
        };
        Stretch best;
        for (std::uint32_t i = 0; i < part.count && best.count < most; ++i) {
            if (!usable(i)) continue;
            std::uint32_t end = i + 1;
            while (end < part.count && end - i < most && usable(end)) ++end;
            if (end - i > best.count) best = {i, end - i};
            i = end;
        }
        if (best.count == 0) continue;
        for (std::uint32_t i = best.first; i < best.first + best.count; ++i) {
            part.is_free.reset(i);
            if (part.is_dirty[i]) --part.dirty;
            part.is_dirty.reset(i);
        }
        part.free -= best.count;
        best.first += part.number * runs_in_segment;
        return best;
    }
    return {};
}

RunStore::Stretch RunStore::take_unused(std::uint32_t most) {
    Stretch stretch = take_free(most);
    if (stretch.count == 0 && grow()) stretch = take_free(most);
    return stretch;
}

RunStore::Stretch RunStore::take(std::uint32_t most) {
    Stretch stretch = take_unused(most);
    if (stretch.count == 0 && recycle(most)) stretch = take_free(most);
    return stretch;
}

std::vector<RunStore::Waiting> RunStore::waiting(std::size_t most) const {
    std::vector<Waiting> first;
    first.reserve(std::min(most, queue_.size()));
    for (auto run = queue_.begin(); run != queue_.end() && first.size() < most; ++run)
        first.push_back({*run, get(*run).holder, get(*run).granule});
    return first;
}

void RunStore::give_back_clean(std::uint32_t run) {
    Part& part = part_of(run);
    part.is_free.set(run % runs_in_segment);
    ++part.free;
}

void RunStore::give_back(std::uint32_t run) {
    give_back_clean(run);
    Part& part = part_of(run);
    part.is_dirty.set(run % runs_in_segment);
    ++part.dirty;
}

std::optional<std::uint32_t> RunStore::take_dirty() {
    const std::span<const std::uint32_t> pinned = pins_.now();
    for (Part& part : parts_) {
        auto place = static_cast<std::uint32_t>(part.is_dirty._Find_first());
        while (place < part.count &&
               std::ranges::binary_search(pinned, part.number * runs_in_segment + place))
            place = static_cast<std::uint32_t>(part.is_dirty._Find_next(place));
        if (place >= part.count) continue;
        part.is_dirty.reset(place);
        part.is_free.reset(place);
        --part.dirty;
        --part.free;
        return part.number * runs_in_segment + place;
    }
    return std::nullopt;
}

std::uint64_t RunStore::hold(std::uint32_t number, RunHolder& holder, std::uint64_t granule,
                             unsigned weight) {
    Run& run = get(number);
    run.holder = &holder;
    run.granule = granule;
    run.weight = weight;
    queue_.splice(queue_.end(), idle_, run.place);
    ++pool_.counters.runs;
    ++pool_.counters.filled;
    return ++run.generation;
}

void RunStore::release(std::uint32_t number) {
    Run& run = get(number);
    idle_.splice(idle_.end(), queue_, run.place);
    run.holder = nullptr;
    --pool_.counters.runs;
}

void RunStore::touch(std::uint32_t number) {
    queue_.splice(queue_.end(), queue_, get(number).place);
}

void scrub_runs(PoolState& pool, RunStore& runs) {
    while (true) {
        std::unique_lock lock(pool.mutex);
        const auto run = runs.take_dirty();
        if (!run) return;
        Segment& segment = runs.segment_of(*run);
        lock.unlock();
        const std::uint64_t offset = RunStore::offset_of(*run);
        // One that got no memory when it was to be filled holds nothing, and must not be touched.
        if (segment.populate(offset, run_size)) std::memset(segment.data() + offset, 0, run_size);
        lock.lock();
        runs.give_back_clean(*run);
    }
}

}  // namespace quire::paging
