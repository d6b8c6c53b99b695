// SPDX-License-Identifier: MIT

#include "quire/memory/page_pool.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "names/name_table_impl.hpp"
#include "pool/domain_memory.hpp"
#include "pool/pool_state.hpp"

namespace quire::paging {

Result<std::shared_ptr<PagePool>> PagePool::create(const Options& options) {
    if (options.budget < least_budget)
        return fail(std::errc::invalid_argument, "a pool of pages has 2 MiB at least");
    auto state = std::make_shared<PoolState>();
    state->budget = options.budget;
    // Some segments for a domain, and none that takes more than its share.
    state->segment_size =
        std::clamp<std::uint64_t>(std::bit_floor(options.budget / 8), run_size, largest_segment);
    state->table_segment_size =
        std::clamp<std::uint64_t>(std::bit_floor(options.budget / 64), 16 * chunk_size, MiB);
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

// One at a time: who comes meanwhile wants what the other has taken in hand to be done as well.
void PagePool::scrub() {
    const std::scoped_lock scrubbing(state_->scrubbing);
    std::vector<std::shared_ptr<Domain>> domains;
    {
        const std::scoped_lock lock(state_->mutex);
        for (const auto& domain : state_->domains)
            if (auto living = domain.lock()) domains.push_back(std::move(living));
    }
    for (const auto& domain : domains) domain->scrub();
}

PagePool::Counters PagePool::counters() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->counters;
}

Domain::Domain(std::shared_ptr<PoolState> state)
    : state_(std::move(state)), memory_(std::make_unique<Memory>(*state_)) {
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

void Domain::scrub() {
    while (true) {
        std::unique_lock lock(state_->mutex);
        RunStore& runs = memory_->runs;
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

Result<std::shared_ptr<const Segment>> Domain::segment(std::uint32_t number) const {
    const std::scoped_lock lock(state_->mutex);
    auto segment = memory_->segments.find(number);
    if (!segment) return fail(std::errc::no_such_file_or_directory, "there is no such segment");
    return segment;
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
