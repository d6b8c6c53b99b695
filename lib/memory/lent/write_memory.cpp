// SPDX-License-Identifier: MIT

#include "quire/memory/write_memory.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "lent/lent_state.hpp"
#include "write_steps.hpp"

namespace quire::paging {

WriteMemory::State::State(PoolState& its_pool)
    : pool(its_pool),
      stores(its_pool, {.kind = Segment::Kind::shared,
                        .content_segment = its_pool.write_segment_size,
                        .table_segment = its_pool.write_table_segment_size}) {}

WriteControl& WriteMemory::State::control_word() const {
    return *stores.cells.at<WriteControl>(*control);
}

RunStore::Stretch WriteMemory::State::take(std::uint32_t most) {
    constexpr std::size_t evicted_at_once = 16;
    for (int turn = 0;; ++turn) {
        std::vector<RunStore::Waiting> oldest;
        {
            const std::scoped_lock lock(pool.mutex);
            const RunStore::Stretch stretch = stores.runs.take_unused(most);
            if (stretch.count > 0 || turn == 1) return stretch;
            oldest = stores.runs.waiting(std::min<std::size_t>(most, evicted_at_once));
        }
        for (const RunStore::Waiting& run : oldest)
            static_cast<LentPages::State*>(run.holder)->evict(run.granule);
    }
}

void WriteMemory::State::give_back(std::uint32_t run, std::uint64_t since) {
    if (since % 2 == 1) {
        kept.push_back({run, since});
        return;
    }
    const std::scoped_lock lock(pool.mutex);
    stores.runs.give_back(run);
}

void WriteMemory::State::give_back(Place place, bool is_chunk, std::uint64_t since) {
    if (since % 2 == 1)
        kept_tables.push_back({place, is_chunk, since});
    else if (is_chunk)
        stores.cells.give_back_chunk(place);
    else
        stores.cells.give_back_cell(place);
}

void WriteMemory::State::review() {
    if (kept.empty() && kept_tables.empty()) return;
    const std::uint64_t now = paging::stores(control_word());
    const std::scoped_lock lock(pool.mutex);
    std::erase_if(kept, [&](const Kept& one) {
        if (one.since == now) return false;
        stores.runs.give_back(one.run);
        return true;
    });
    std::erase_if(kept_tables, [&](const KeptTable& one) {
        if (one.since == now) return false;
        give_back(one.place, one.is_chunk, 0);
        return true;
    });
}

void WriteMemory::State::wipe_kept() {
    for (const Kept& one : kept)
        std::memset(stores.runs.segment_of(one.run).data() + RunStore::offset_of(one.run), 0,
                    run_size);
}

WriteMemory::WriteMemory(std::shared_ptr<PoolState> state)
    : pool_(std::move(state)), state_(std::make_unique<State>(*pool_)) {
    const std::scoped_lock lock(pool_->mutex);
    ++pool_->counters.domains;
}

WriteMemory::~WriteMemory() {
    const std::scoped_lock lock(pool_->mutex);
    --pool_->counters.domains;
    state_.reset();
}

Result<std::shared_ptr<const Segment>> WriteMemory::segment(std::uint32_t number) const {
    const std::scoped_lock lock(pool_->mutex);
    auto segment = state_->stores.segments.find(number);
    if (!segment) return fail(std::errc::no_such_file_or_directory, "there is no such segment");
    return segment;
}

Result<std::shared_ptr<LentPages>> WriteMemory::lend(LentContent& content) {
    const std::scoped_lock lock(mutex_);
    {
        const std::scoped_lock for_control(pool_->mutex);
        if (!state_->control) state_->control = state_->stores.cells.take_cell();
        if (!state_->control) return fail(std::errc::not_enough_memory, "no memory is left");
    }
    state_->review();
    auto pages = std::make_shared<LentPages>(shared_from_this(), content);
    if (!pages->state_) return fail(std::errc::not_enough_memory, "no memory is left");
    return pages;
}

void WriteMemory::scrub() {
    {
        const std::scoped_lock lock(mutex_);
        if (state_->control) state_->review();
        state_->wipe_kept();
    }
    scrub_runs(*pool_, state_->stores.runs);
}

}  // namespace quire::paging
