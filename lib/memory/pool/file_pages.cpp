// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "pool/file_state.hpp"
#include "pool/pool_state.hpp"
#include "quire/memory/page_pool.hpp"

namespace quire::paging {

namespace {

constexpr int most_fillings = 4;
constexpr std::uint32_t most_runs_at_once = 64;

std::uint64_t granule_of(std::uint64_t position) {
    return position / run_size;
}

}  // namespace

/// Runs in a row that are being filled with granules in a row.
struct FilePages::Piece {
    std::uint64_t granule = 0;
    RunStore::Stretch runs;
    Segment* segment = nullptr;
};

FilePages::FilePages(std::shared_ptr<Domain> domain, Place cell, std::uint64_t identity)
    : domain_(std::move(domain)),
      state_(std::make_unique<State>(*domain_->memory_, cell, identity)) {
    ++domain_->state_->counters.files;
}

FilePages::~FilePages() {
    const std::scoped_lock lock(domain_->state_->mutex);
    --domain_->state_->counters.files;
    state_.reset();
}

FilePages::Where FilePages::where(std::uint64_t granule) const {
    Where where{.cell = state_->place, .identity = state_->identity, .chunk = {}};
    if (const State::Chunk* const chunk = state_->chunk_of(granule)) {
        where.chunk = chunk->place;
        where.has_chunk = true;
    }
    return where;
}

std::vector<FilePages::Piece> FilePages::plan(std::uint64_t first, std::uint64_t end) {
    RunStore& runs = domain_->memory_->runs;
    // What is brought in together stays together, and leaves room for others.
    const auto most = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(runs.capacity() / 8, 1, most_runs_at_once));
    end = std::min(end, first + most);
    // All that can fail comes before anything is marked.
    for (std::uint64_t number = first; number < end; ++number)
        if (state_->make_granule(number) == nullptr) end = number;
    std::vector<Piece> pieces;
    pieces.reserve(most);
    for (std::uint64_t number = first; number < end;) {
        State::Granule* const granule = state_->find_granule(number);
        if (granule->held()) {
            runs.touch(granule->run);
            ++number;
            continue;
        }
        if (granule->filling) break;
        std::uint32_t missing = 1;
        for (; number + missing < end; ++missing) {
            const State::Granule* const next = state_->find_granule(number + missing);
            if (next->held() || next->filling) break;
        }
        const RunStore::Stretch stretch = runs.take(missing);
        if (stretch.count == 0) break;
        pieces.push_back({number, stretch, &runs.segment_of(stretch.first)});
        for (std::uint32_t i = 0; i < stretch.count; ++i)
            state_->find_granule(number + i)->filling = true;
        number += stretch.count;
    }
    return pieces;
}

Result<void> FilePages::fill(const Piece& piece, std::uint64_t size, ContentSource& source) {
    const std::uint64_t offset = RunStore::offset_of(piece.runs.first);
    const std::uint64_t length = piece.runs.count * run_size;
    QUIRE_TRY(piece.segment->populate(offset, length));
    const std::span<std::byte> room(piece.segment->data() + offset, length);
    const std::uint64_t position = piece.granule * run_size;
    QUIRE_TRY_ASSIGN(
        const std::size_t got,
        source.read(position, room.first(std::min<std::uint64_t>(length, size - position))));
    // Behind the end there are zeros, and not what was there before.
    std::memset(room.data() + got, 0, room.size() - got);
    return {};
}

Result<FilePages::Where> FilePages::bring_in(const std::stop_token& stop, std::uint64_t position,
                                             std::uint64_t length, ContentSource& source) {
    PoolState& pool = *domain_->state_;
    const std::uint64_t first = granule_of(position);
    int tries = 0;
    while (tries < most_fillings) {
        std::unique_lock lock(pool.mutex);
        const auto settled = [&] {
            const State::Granule* const granule = state_->find_granule(first);
            return state_->changes == 0 && (granule == nullptr || !granule->filling);
        };
        if (!pool.changed.wait(lock, stop, settled)) return fail(std::errc::operation_canceled);
        const std::uint64_t version = state_->version;
        std::uint64_t size = state_->size;
        if (size == unknown_size) {
            lock.unlock();
            QUIRE_TRY_ASSIGN(size, source.size());
            lock.lock();
            if (state_->version != version) {
                ++tries;
                continue;
            }
            state_->size = size;
            state_->cell.size.store(size, std::memory_order_release);
        }
        if (position >= size) return where(first);
        const std::uint64_t last =
            position + std::min(std::max<std::uint64_t>(length, 1), size - position) - 1;
        const std::vector<Piece> pieces = plan(first, granule_of(last) + 1);
        if (pieces.empty()) {
            const State::Granule* const granule = state_->find_granule(first);
            if (granule != nullptr && granule->held()) return where(first);
            if (granule != nullptr && granule->filling) continue;
            return fail(std::errc::not_enough_memory, "no memory is left for content");
        }
        const std::size_t among = pool.newer_fillings;
        ++pool.fillings[among];
        lock.unlock();

        // What a source throws is no reason to leave a mark that nobody takes away.
        std::size_t filled = 0;
        std::optional<Error> error;
        const auto finish = [&] {
            lock.lock();
            const bool counts = state_->version == version;
            for (std::size_t i = 0; i < pieces.size(); ++i) {
                for (std::uint32_t k = 0; k < pieces[i].runs.count; ++k) {
                    const std::uint64_t number = pieces[i].granule + k;
                    const std::uint32_t run = pieces[i].runs.first + k;
                    State::Granule& granule = *state_->find_granule(number);
                    granule.filling = false;
                    if (counts && i < filled)
                        state_->publish(number, granule, run);
                    else
                        domain_->memory_->runs.give_back(run);
                }
            }
            --pool.fillings[among];
            pool.changed.notify_all();
            return counts;
        };
        try {
            for (const Piece& piece : pieces) {
                auto done = fill(piece, size, source);
                if (!done) {
                    error = std::move(done).error();
                    break;
                }
                ++filled;
            }
        } catch (...) {
            finish();
            throw;
        }
        const bool counts = finish();
        const State::Granule* const granule = state_->find_granule(first);
        if (counts && granule->held()) return where(first);
        if (error) return fail(*std::move(error));
        ++tries;
    }
    return fail(std::errc::resource_unavailable_try_again, "the file is being changed");
}

void FilePages::begin_change(std::uint64_t offset, std::uint64_t length) {
    const std::scoped_lock lock(domain_->state_->mutex);
    ++state_->changes;
    ++state_->version;
    constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t end = length > all - offset ? all : offset + length;
    if (end == all || end > state_->size) {
        state_->size = unknown_size;
        state_->cell.size.store(unknown_size);
    }
    if (end > offset) state_->invalidate(granule_of(offset), granule_of(end - 1) + 1);
}

void FilePages::end_change() {
    {
        const std::scoped_lock lock(domain_->state_->mutex);
        ++state_->version;
        if (--state_->changes != 0) return;
    }
    domain_->state_->changed.notify_all();
}

}  // namespace quire::paging
