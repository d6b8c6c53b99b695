// SPDX-License-Identifier: MIT

#include "quire/memory/page_pool.hpp"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "names/name_table_impl.hpp"
#include "pool/pool_state.hpp"
#include "pool/stores.hpp"
#include "quire/memory/pins.hpp"
#include "quire/memory/write_memory.hpp"

namespace quire::paging {

Result<std::shared_ptr<PagePool>> PagePool::create(const Options& options) {
    if (options.budget < least_budget)
        return fail(std::errc::invalid_argument, "a pool of pages has 2 MiB at least");
    auto state = std::make_shared<PoolState>();
    state->budget = options.budget;
    state->counters.budget = options.budget;
    // Some segments for a domain, and none that takes more than its share.
    state->segment_size =
        std::clamp<std::uint64_t>(std::bit_floor(options.budget / 8), run_size, largest_segment);
    state->table_segment_size =
        std::clamp<std::uint64_t>(std::bit_floor(options.budget / 64), 16 * chunk_size, MiB);
    state->write_segment_size =
        std::clamp<std::uint64_t>(std::bit_floor(options.budget / 64), run_size, 4 * MiB);
    state->write_table_segment_size = 16 * chunk_size;
    QUIRE_TRY_ASSIGN(state->life, Life::begin());
    return std::shared_ptr<PagePool>(new PagePool(std::move(state)));
}

PagePool::~PagePool() = default;

std::shared_ptr<Domain> PagePool::make_domain() {
    auto domain = std::make_shared<Domain>(state_);
    const std::scoped_lock lock(state_->mutex);
    std::erase_if(state_->domains, [](const auto& other) { return other.expired(); });
    state_->domains.push_back(domain);
    return domain;
}

std::shared_ptr<WriteMemory> PagePool::make_write_memory() {
    auto memory = std::make_shared<WriteMemory>(state_);
    const std::scoped_lock lock(state_->mutex);
    std::erase_if(state_->write_memories, [](const auto& other) { return other.expired(); });
    state_->write_memories.push_back(memory);
    return memory;
}

// One at a time: who comes meanwhile wants what the other has taken in hand to be done as well.
void PagePool::scrub() {
    const std::scoped_lock scrubbing(state_->scrubbing);
    std::vector<std::shared_ptr<Domain>> domains;
    std::vector<std::shared_ptr<WriteMemory>> write_memories;
    {
        std::unique_lock lock(state_->mutex);
        const std::size_t before =
            std::exchange(state_->newer_fillings, 1 - state_->newer_fillings);
        state_->changed.wait(lock, [&] { return state_->fillings[before] == 0; });
        for (const auto& domain : state_->domains)
            if (auto living = domain.lock()) domains.push_back(std::move(living));
        for (const auto& memory : state_->write_memories)
            if (auto living = memory.lock()) write_memories.push_back(std::move(living));
    }
    for (const auto& domain : domains) scrub_runs(*state_, domain->memory_->runs);
    for (const auto& memory : write_memories) memory->scrub();
}

PagePool::Counters PagePool::counters() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->counters;
}

Domain::Domain(std::shared_ptr<PoolState> state)
    : state_(std::move(state)),
      memory_(std::make_unique<Stores>(
          *state_, Stores::Shape{.content_segment = state_->segment_size,
                                 .table_segment = state_->table_segment_size})) {
    const std::scoped_lock lock(state_->mutex);
    ++state_->counters.domains;
}

Domain::~Domain() {
    // What it holds is let go of without the lock.
    names_.reset();
    const std::scoped_lock lock(state_->mutex);
    --state_->counters.domains;
    // Its segments go under the lock that counts them.
    memory_.reset();
}

Result<std::shared_ptr<const Segment>> Domain::segment(std::uint32_t number) const {
    const std::scoped_lock lock(state_->mutex);
    auto segment = memory_->segments.find(number);
    if (!segment) return fail(std::errc::no_such_file_or_directory, "there is no such segment");
    return segment;
}

std::uint32_t Domain::add_pins(const std::weak_ptr<const Pins>& pins) {
    const std::scoped_lock lock(state_->mutex);
    memory_->runs.pins().add(pins);
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(memory_->runs.capacity() / 16, most_pins));
}

Result<std::shared_ptr<NameTable>> Domain::names() {
    const std::scoped_lock lock(state_->mutex);
    if (!names_) {
        auto table = NameTable::Impl::make(state_, *memory_);
        if (!table) return fail(std::errc::not_enough_memory, "no memory is left for names");
        names_ = std::make_unique<NameTable>(std::move(table));
    }
    return std::shared_ptr<NameTable>(shared_from_this(), names_.get());
}

Result<std::shared_ptr<FilePages>> Domain::make_file() {
    const std::scoped_lock lock(state_->mutex);
    const auto cell = memory_->cells.take_cell();
    if (!cell) return fail(std::errc::not_enough_memory, "no memory is left for cells");
    try {
        return std::make_shared<FilePages>(shared_from_this(), *cell, ++state_->last_identity);
    } catch (...) {
        memory_->cells.give_back_cell(*cell);
        throw;
    }
}

}  // namespace quire::paging
