// SPDX-License-Identifier: MIT

#include <algorithm>
#include <bit>
#include <cassert>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "entry_steps.hpp"
#include "lent/lent_state.hpp"
#include "quire/memory/copy.hpp"
#include "write_steps.hpp"

namespace quire::paging {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t most_lent_at_once = 64;
/// What is written further behind the end than this is no case for a loan.
constexpr std::uint64_t most_skipped = 4 * MiB;
constexpr std::size_t longest_write = MiB;
/// For a writer in the middle of a copy; who takes longer has been stopped.
constexpr auto patience = 50ms;

constexpr std::uint64_t start_of(std::uint64_t granule) {
    return granule * run_size;
}

}  // namespace

class LentPages::State::Batch {
public:
    /// `most`: bytes written at once. What can fail for want of memory does here.
    Batch(State& state, std::size_t most) : state_(state), most_(most) { bytes_.reserve(most); }

    /// `length` bytes of a run; the copy counts, whatever is done to the run meanwhile.
    Result<void> add(std::uint64_t position, const std::byte* from, std::size_t length) {
        if (position != start_ + bytes_.size() || bytes_.size() + length > most_) {
            QUIRE_TRY(finish());
            start_ = position;
        }
        const std::size_t before = bytes_.size();
        bytes_.resize(before + length);
        copy_shared(bytes_.data() + before, from, length);
        return {};
    }
    Result<void> finish() {
        if (bytes_.empty()) return {};
        const auto written = state_.content.write(start_, bytes_);
        const std::uint64_t end = start_ + bytes_.size();
        bytes_.clear();
        QUIRE_TRY(written);
        state_.size = std::max(state_.size, end);
        return {};
    }
    /// All marked pages of a granule.
    Result<void> add_marked(std::uint64_t granule, std::uint32_t run, std::uint64_t marks) {
        const std::byte* const bytes =
            state_.memory.stores.runs.segment_of(run).data() + RunStore::offset_of(run);
        const std::uint64_t end = state_.end();
        for (std::size_t page = 0; page < pages_in_run; ++page) {
            const std::uint64_t position = start_of(granule) + page * loan_page_size;
            if ((marks >> page & 1U) == 0 || position >= end) continue;
            QUIRE_TRY(add(position, bytes + page * loan_page_size,
                          std::min(loan_page_size, end - position)));
        }
        return {};
    }

private:
    State& state_;
    const std::size_t most_;
    std::uint64_t start_ = 0;
    std::vector<std::byte> bytes_;
};

LentPages::State::State(WriteMemory::State& its_memory, LentContent& its_content, Place its_place,
                        std::uint64_t its_loan)
    : memory(its_memory),
      content(its_content),
      place(its_place),
      loan(its_loan),
      head(*memory.stores.cells.at<LoanHead>(place)) {
    head.written_end.store(0, std::memory_order_relaxed);
    head.limit.store(0, std::memory_order_relaxed);
    head.size.store(0, std::memory_order_relaxed);
}

LentPages::State::~State() {
    assert(revoked);
    const std::scoped_lock lock(memory.pool.mutex);
    for (const auto& [number, chunk] : chunks) memory.give_back(chunk->place, true, since);
    memory.give_back(place, false, since);
}

void LentPages::State::lose(std::uint64_t) {
    assert(false && "what is on loan is written before it goes");
}

std::uint64_t LentPages::State::end() const {
    return std::max(size, std::min(head.written_end.load(std::memory_order_relaxed), limit));
}

LentPages::State::Chunk* LentPages::State::chunk_of(std::uint64_t granule) {
    const auto found = chunks.find(granule / pairs_in_chunk);
    if (found != chunks.end()) return found->second.get();
    auto chunk = std::make_unique<Chunk>();
    {
        const std::scoped_lock lock(memory.pool.mutex);
        const auto its_place = memory.stores.cells.take_chunk();
        if (!its_place) return nullptr;
        chunk->place = *its_place;
        chunk->pairs = memory.stores.cells.at<LoanPair>(*its_place);
    }
    // Its client may have written here when it was another file's.
    for (std::size_t i = 0; i < pairs_in_chunk; ++i) {
        chunk->pairs[i].entry.store(no_entry, std::memory_order_relaxed);
        chunk->pairs[i].marks.store(0, std::memory_order_relaxed);
    }
    return chunks.emplace(granule / pairs_in_chunk, std::move(chunk)).first->second.get();
}

Result<std::uint64_t> LentPages::State::reserve(std::uint64_t position, std::uint64_t least,
                                                std::uint64_t length) {
    const auto end_of_run = [](std::uint64_t end) {
        return (end + run_size - 1) / run_size * run_size;
    };
    const std::uint64_t start = start_of(position / run_size);
    const std::uint64_t now = end();
    std::uint64_t reserved = end_of_run(position + std::max(least, length));
    const auto attempt = [&](std::uint64_t up_to) {
        reserved = up_to;
        return content.reserve(start, up_to - start);
    };
    auto done = attempt(reserved);
    if (!done && end_of_run(position + least) < reserved)
        done = attempt(end_of_run(position + least));
    // Where nothing can be reserved behind the end, there is still what lies before it.
    if (!done && position + least <= size && size < reserved) done = attempt(size);
    if (!done) return fail(std::move(done).error());
    limit = std::max({limit, now, reserved});
    head.limit.store(limit, std::memory_order_release);
    return reserved;
}

Result<void> LentPages::State::fill_run(std::uint64_t granule, std::uint32_t run) {
    Segment& segment = memory.stores.runs.segment_of(run);
    const std::uint64_t offset = RunStore::offset_of(run);
    QUIRE_TRY(segment.populate(offset, run_size));
    const std::span<std::byte> room(segment.data() + offset, run_size);
    const std::uint64_t start = start_of(granule);
    std::size_t got = 0;
    if (start < size) {
        QUIRE_TRY_ASSIGN(got, content.read(start, room.first(std::min(run_size, size - start))));
    }
    std::memset(room.data() + got, 0, room.size() - got);
    return {};
}

Result<void> LentPages::State::fill(std::uint64_t first, std::uint64_t end) {
    const auto most = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(memory.stores.runs.capacity() / 8, 1, most_lent_at_once));
    end = std::min(end, first + most);
    for (std::uint64_t number = first; number < end;) {
        Chunk* const chunk = chunk_of(number);
        if (chunk == nullptr) return fail(std::errc::not_enough_memory, "no memory is left");
        if (const Granule& held = chunk->granules[number % pairs_in_chunk]; held.held()) {
            const std::scoped_lock lock(memory.pool.mutex);
            memory.stores.runs.touch(held.run);
            ++number;
            continue;
        }
        std::uint32_t missing = 1;
        while (number + missing < end && (number + missing) % pairs_in_chunk != 0 &&
               !chunk->granules[(number + missing) % pairs_in_chunk].held())
            ++missing;
        const RunStore::Stretch stretch = memory.take(missing);
        if (stretch.count == 0) return fail(std::errc::not_enough_memory, "no memory is left");
        for (std::uint32_t i = 0; i < stretch.count; ++i) {
            const std::uint32_t run = stretch.first + i;
            if (auto filled = fill_run(number + i, run); !filled) {
                const std::scoped_lock lock(memory.pool.mutex);
                for (; i < stretch.count; ++i) memory.stores.runs.give_back(stretch.first + i);
                return filled;
            }
            Granule& granule = chunk->granules[(number + i) % pairs_in_chunk];
            LoanPair& pair = chunk->pairs[(number + i) % pairs_in_chunk];
            {
                const std::scoped_lock lock(memory.pool.mutex);
                granule.run = run;
                granule.entry = make_entry(run, memory.stores.runs.hold(run, *this, number + i, 0));
            }
            pair.marks.store(0, std::memory_order_relaxed);
            show(pair.entry, granule.entry);
        }
        number += stretch.count;
    }
    return {};
}

// A page that is written while it is being copied is marked again, and comes again.
Result<void> LentPages::State::write_back() {
    struct Taken {
        LoanPair* pair;
        std::uint64_t marks;
    };
    std::vector<Taken> taken;
    Batch batch(*this, longest_write);
    Result<void> done;
    for (const auto& [number, chunk] : chunks) {
        for (std::size_t i = 0; i < pairs_in_chunk && done; ++i) {
            const Granule& granule = chunk->granules[i];
            if (!granule.held()) continue;
            taken.push_back({&chunk->pairs[i], 0});
            const std::uint64_t marks = take_marks(chunk->pairs[i]) & marks_of(0, run_size);
            taken.back().marks = marks;
            if (marks == 0) {
                taken.pop_back();
                continue;
            }
            done = batch.add_marked(number * pairs_in_chunk + i, granule.run, marks);
        }
    }
    if (done) done = batch.finish();
    if (!done)
        for (const Taken& one : taken) mark(*one.pair, one.marks);
    return done;
}

bool LentPages::State::evict(std::uint64_t number) {
    Chunk& chunk = *chunks.at(number / pairs_in_chunk);
    Granule& granule = chunk.granules[number % pairs_in_chunk];
    LoanPair& pair = chunk.pairs[number % pairs_in_chunk];
    Batch batch(*this, run_size);
    take_away(pair.entry);
    // Who is writing just now may be writing here, and mark it later.
    if (paging::stores(memory.control_word()) % 2 == 1) {
        show(pair.entry, granule.entry);
        return false;
    }
    const std::uint64_t marks = take_marks(pair) & marks_of(0, run_size);
    Result<void> written = batch.add_marked(number, granule.run, marks);
    if (written) written = batch.finish();
    if (!written) {
        mark(pair, marks);
        show(pair.entry, granule.entry);
        return false;
    }
    const std::uint32_t run = std::exchange(granule.run, no_run);
    {
        const std::scoped_lock lock(memory.pool.mutex);
        memory.stores.runs.release(run);
        memory.stores.runs.give_back(run);
    }
    return true;
}

void LentPages::State::drop() {
    for (const auto& [number, chunk] : chunks)
        for (std::size_t i = 0; i < pairs_in_chunk; ++i) {
            Granule& granule = chunk->granules[i];
            if (!granule.held()) continue;
            take_away(chunk->pairs[i].entry);
            const std::uint32_t run = std::exchange(granule.run, no_run);
            {
                const std::scoped_lock lock(memory.pool.mutex);
                memory.stores.runs.release(run);
            }
            memory.give_back(run, since);
        }
}

void LentPages::State::wait_for_writer() {
    const std::uint64_t now = paging::stores(memory.control_word());
    if (now % 2 == 0) return;
    const auto until = std::chrono::steady_clock::now() + patience;
    for (int turn = 0; paging::stores(memory.control_word()) == now; ++turn) {
        // Who has been waited for once is not waited for again.
        if (now == memory.stopped || std::chrono::steady_clock::now() > until) {
            memory.stopped = now;
            paging::lose(head);
            return;
        }
        if (turn < 64)
            std::this_thread::yield();
        else
            std::this_thread::sleep_for(100us);
    }
}

LentPages::LentPages(std::shared_ptr<WriteMemory> memory, LentContent& content)
    : memory_(std::move(memory)) {
    WriteMemory::State& state = *memory_->state_;
    std::optional<Place> cell;
    std::uint64_t loan = 0;
    {
        const std::scoped_lock lock(state.pool.mutex);
        cell = state.stores.cells.take_cell();
        loan = ++state.pool.last_identity;
        if (cell) {
            ++state.pool.counters.files;
            ++state.pool.counters.lent_files;
        }
    }
    if (cell) state_ = std::make_unique<State>(state, content, *cell, loan);
}

LentPages::~LentPages() {
    if (!state_) return;
    (void)revoke();
    const std::scoped_lock lock(memory_->mutex_);
    state_.reset();
    const std::scoped_lock count(memory_->pool_->mutex);
    --memory_->pool_->counters.files;
    --memory_->pool_->counters.lent_files;
}

Result<LentPages::Where> LentPages::bring_in(std::uint64_t position, std::uint64_t least,
                                             std::uint64_t length) {
    const std::scoped_lock lock(memory_->mutex_);
    State& state = *state_;
    if (state.revoked)
        return fail(std::errc::resource_unavailable_try_again, "it is not on loan any more");
    state.memory.review();
    QUIRE_TRY_ASSIGN(state.size, state.content.size());
    const std::uint64_t now = state.end();
    constexpr std::uint64_t most = most_lent_at_once * run_size;
    least = std::clamp<std::uint64_t>(least, 1, most);
    length = std::clamp(length, least, most);
    if (position > now && position - now > most_skipped)
        return fail(std::errc::operation_not_supported, "it is too far behind the end");
    QUIRE_TRY_ASSIGN(const std::uint64_t reserved, state.reserve(position, least, length));
    const std::uint64_t granule = position / run_size;
    QUIRE_TRY(state.fill(granule, (reserved + run_size - 1) / run_size));
    if (!std::exchange(state.shown, true)) {
        state.head.size.store(state.size, std::memory_order_relaxed);
        state.head.loan.store(state.loan, std::memory_order_seq_cst);
    }
    const State::Chunk& chunk = *state.chunk_of(granule);
    return Where{.control = *state.memory.control,
                 .head = state.place,
                 .chunk = chunk.place,
                 .loan = state.loan};
}

Result<void> LentPages::write_back() {
    const std::scoped_lock lock(memory_->mutex_);
    if (state_->revoked) return {};
    return state_->write_back();
}

Result<void> LentPages::revoke() {
    const std::scoped_lock lock(memory_->mutex_);
    if (std::exchange(state_->revoked, true)) return {};
    take_back(state_->head);
    state_->wait_for_writer();
    state_->since = paging::stores(state_->memory.control_word());
    auto written = state_->write_back();
    state_->drop();
    return written;
}

}  // namespace quire::paging
