// SPDX-License-Identifier: MIT

// The order of stores is what readers rely on: an entry is taken away before its run is used for
// anything else, and set when all of the run is there; a cell's identity goes before its entries do.

#include "pool/file_state.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <new>

#include "entry_steps.hpp"

namespace quire::paging {

FilePages::State::State(Stores& its_memory, Place its_place, std::uint64_t its_identity)
    : memory(its_memory),
      place(its_place),
      identity(its_identity),
      cell(*memory.cells.at<FileCell>(place)) {
    cell.size.store(unknown_size, std::memory_order_relaxed);
    cell.identity.store(identity, std::memory_order_release);
}

FilePages::State::~State() {
    cell.identity.store(0);
    std::atomic_thread_fence(std::memory_order_release);
    invalidate(0, std::numeric_limits<std::uint64_t>::max());
    for (const auto& [number, chunk] : chunks) memory.cells.give_back_chunk(chunk->place);
    cell.size.store(0, std::memory_order_relaxed);
    memory.cells.give_back_cell(place);
}

const FilePages::State::Chunk* FilePages::State::chunk_of(std::uint64_t number) const {
    const auto found = chunks.find(number / entries_in_chunk);
    return found == chunks.end() ? nullptr : found->second.get();
}

FilePages::State::Granule* FilePages::State::find_granule(std::uint64_t number) {
    if (number < entries_in_cell) return &first_granules[number];
    const auto found = chunks.find(number / entries_in_chunk);
    if (found == chunks.end()) return nullptr;
    return &found->second->granules[number % entries_in_chunk];
}

FilePages::State::Granule* FilePages::State::make_granule(std::uint64_t number) {
    if (Granule* const granule = find_granule(number)) return granule;
    auto chunk = std::make_unique<Chunk>();
    const auto its_place = memory.cells.take_chunk();
    if (!its_place) return nullptr;
    chunk->place = *its_place;
    chunk->entries = memory.cells.at<Entry>(*its_place);
    Chunk& made = *chunk;
    try {
        chunks.emplace(number / entries_in_chunk, std::move(chunk));
    } catch (...) {
        memory.cells.give_back_chunk(*its_place);
        throw;
    }
    return &made.granules[number % entries_in_chunk];
}

Entry& FilePages::State::entry(std::uint64_t number) {
    if (number < entries_in_cell) return cell.entries[number];
    return chunks.find(number / entries_in_chunk)->second->entries[number % entries_in_chunk];
}

void FilePages::State::publish(std::uint64_t number, Granule& granule, std::uint32_t run) {
    constexpr unsigned most_passes = 3;
    const unsigned weight = std::min<unsigned>(granule.brought_in, most_passes);
    if (granule.brought_in < std::numeric_limits<std::uint8_t>::max()) ++granule.brought_in;
    assert(!granule.held());
    granule.run = run;
    const std::uint64_t generation = memory.runs.hold(run, *this, number, weight);
    show(entry(number), make_entry(run, generation));
}

void FilePages::State::lose(std::uint64_t number) {
    take_away(entry(number));
    find_granule(number)->run = no_run;
}

void FilePages::State::invalidate(std::uint64_t first, std::uint64_t end) {
    const auto drop = [&](std::uint64_t number, Granule& granule) {
        if (!granule.held()) return;
        const std::uint32_t run = granule.run;
        lose(number);
        memory.runs.release(run);
        memory.runs.give_back(run);
    };
    for (std::uint64_t number = first; number < std::min<std::uint64_t>(end, entries_in_cell);
         ++number)
        drop(number, first_granules[number]);
    for (auto chunk = chunks.lower_bound(first / entries_in_chunk);
         chunk != chunks.end() && chunk->first * entries_in_chunk < end; ++chunk) {
        const std::uint64_t start = chunk->first * entries_in_chunk;
        const std::uint64_t from = std::max(first, start) - start;
        const std::uint64_t to = std::min<std::uint64_t>(end - start, entries_in_chunk);
        for (std::uint64_t i = from; i < to; ++i) drop(start + i, chunk->second->granules[i]);
    }
}

}  // namespace quire::paging
