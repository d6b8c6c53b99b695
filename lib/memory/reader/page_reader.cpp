// SPDX-License-Identifier: MIT

#include "quire/memory/page_reader.hpp"

#include <algorithm>
#include <array>

#include "entry_steps.hpp"
#include "quire/memory/copy.hpp"

namespace quire::paging {

namespace {

/// Of somebody who changes the file just now; after that it takes a message.
constexpr int most_tries = 8;
constexpr std::uint64_t most_chunks = PageReader::farthest / run_size / entries_in_chunk;

}  // namespace

bool PageReader::set_cell(Place place, std::uint64_t identity) {
    forget();
    const auto bytes = map_->at(place, sizeof(FileCell));
    if (bytes.empty() || place.offset % alignof(FileCell) != 0 || identity == 0) return false;
    cell_ = reinterpret_cast<const FileCell*>(bytes.data());
    place_ = place;
    identity_ = identity;
    return true;
}

bool PageReader::set_chunk(std::uint64_t position, Place place) {
    const std::uint64_t number = position / run_size / entries_in_chunk;
    const auto bytes = map_->at(place, chunk_size);
    if (bytes.empty() || place.offset % alignof(Entry) != 0 || number >= most_chunks) return false;
    if (chunks_.size() <= number) chunks_.resize(number + 1);
    chunks_[number] = reinterpret_cast<const Entry*>(bytes.data());
    return true;
}

void PageReader::forget() {
    cell_ = nullptr;
    chunks_.clear();
}

std::uint64_t PageReader::size() const {
    if (cell_ == nullptr) return unknown_size;
    const std::uint64_t size = cell_->size.load(std::memory_order_acquire);
    std::atomic_thread_fence(std::memory_order_acquire);
    return cell_->identity.load(std::memory_order_relaxed) == identity_ ? size : unknown_size;
}

const Entry* PageReader::entry(std::uint64_t granule) const {
    if (granule < entries_in_cell) return &cell_->entries[granule];
    const std::uint64_t chunk = granule / entries_in_chunk;
    if (chunk >= chunks_.size() || chunks_[chunk] == nullptr) return nullptr;
    return chunks_[chunk] + granule % entries_in_chunk;
}

PageReader::Attempt PageReader::read(std::uint64_t position, std::span<std::byte> memory) const {
    if (!map_->server_lives()) return {.outcome = Outcome::died};
    if (cell_ == nullptr) return {};
    Attempt attempt;
    for (int i = 0; i < most_tries; ++i) {
        attempt = try_to_read(position, memory);
        if (attempt.outcome != Outcome::changing) break;
    }
    return attempt;
}

PageReader::Attempt PageReader::try_to_read(std::uint64_t position,
                                            std::span<std::byte> memory) const {
    struct Seen {
        const Entry* entry;
        std::uint64_t value;
    };
    std::array<Seen, longest / run_size + 1> seen;
    std::size_t count = 0;

    const std::uint64_t size = cell_->size.load(std::memory_order_acquire);
    if (size == unknown_size) return {};
    const std::size_t length =
        position < size ? std::min<std::uint64_t>(memory.size(), size - position) : 0;
    for (std::size_t done = 0; done < length;) {
        const std::uint64_t place = position + done;
        const Entry* const entry = this->entry(place / run_size);
        if (entry == nullptr) return {};
        const std::uint64_t value = look(*entry);
        if (!is_valid(value)) return {};
        const std::byte* const run = map_->run(run_of(value));
        if (run == nullptr)
            return {.outcome = Outcome::unmapped, .segment = run_of(value) / runs_in_segment};
        const std::size_t step =
            std::min<std::uint64_t>(length - done, run_size - place % run_size);
        copy_shared(memory.data() + done, run + place % run_size, step);
        seen[count++] = {entry, value};
        done += step;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    bool same = cell_->identity.load(std::memory_order_relaxed) == identity_ &&
                cell_->size.load(std::memory_order_relaxed) == size;
    for (std::size_t i = 0; i < count; ++i) same = same && is_still(*seen[i].entry, seen[i].value);
    if (!same) return {.outcome = Outcome::changing};
    return {.outcome = Outcome::done, .count = length};
}

PageReader::Stretch PageReader::find(std::uint64_t position, std::uint64_t length,
                                     std::size_t most) const {
    Stretch stretch;
    stretch.position = position;
    if (!map_->server_lives()) {
        stretch.outcome = Outcome::died;
        return stretch;
    }
    if (cell_ == nullptr) return stretch;
    stretch.size = cell_->size.load(std::memory_order_acquire);
    if (stretch.size == unknown_size) return stretch;
    const std::uint64_t end =
        position < stretch.size ? position + std::min(length, stretch.size - position) : position;
    stretch.entries.reserve(std::min<std::uint64_t>(most, (end - position) / run_size + 2));
    while (position + stretch.count < end && stretch.entries.size() < most) {
        const std::uint64_t place = position + stretch.count;
        const Entry* const entry = this->entry(place / run_size);
        const std::uint64_t value = entry == nullptr ? no_entry : look(*entry);
        // What is not there, or elsewhere, ends what is in a row.
        if (!is_valid(value)) {
            stretch.rest_is_missing = true;
            break;
        }
        if (!stretch.entries.empty() && (run_of(value) != run_of(stretch.entries.back()) + 1 ||
                                         run_of(value) % runs_in_segment == 0))
            break;
        const std::byte* const run = map_->run(run_of(value));
        if (run == nullptr) {
            if (!stretch.entries.empty()) break;
            stretch.outcome = Outcome::unmapped;
            stretch.segment = run_of(value) / runs_in_segment;
            return stretch;
        }
        if (stretch.entries.empty()) stretch.data = run + place % run_size;
        stretch.entries.push_back(value);
        stretch.count += std::min(end - place, run_size - place % run_size);
    }
    if (position < end && stretch.count == 0) return stretch;
    stretch.outcome = Outcome::done;
    return stretch;
}

bool PageReader::is_still_there(const Stretch& stretch) const {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    bool same = cell_->identity.load(std::memory_order_relaxed) == identity_ &&
                cell_->size.load(std::memory_order_relaxed) == stretch.size;
    for (std::size_t i = 0; same && i < stretch.entries.size(); ++i)
        same = is_still(*entry(stretch.position / run_size + i), stretch.entries[i]);
    // What is read of it from now on is what was there then, or later.
    std::atomic_thread_fence(std::memory_order_acquire);
    return same;
}

}  // namespace quire::paging
