// SPDX-License-Identifier: MIT

#include "pages/written_memory.hpp"

#include "context_state.hpp"

namespace quire::client {

Result<std::shared_ptr<paging::MemoryMap>> WrittenMemory::get(const ContextState& state) {
    if (map_) return map_;
    QUIRE_TRY(mark_.make());
    auto map = std::make_shared<paging::MemoryMap>(paging::MemoryMap::For::writing);
    map_ = map;
    if (auto mapped = this->map(state, paging::life_segment); !mapped) {
        map_.reset();
        return fail(std::move(mapped).error());
    }
    return map_;
}

Result<void> WrittenMemory::map(const ContextState& state, std::uint32_t number) {
    if (number >= paging::most_segments) return senseless("a segment of no number");
    if (map_->has(number)) return {};
    QUIRE_TRY_ASSIGN(const ipc::Memory segment, state.context->write_segment(state.call(), number));
    return add_segment(*map_, number, segment);
}

}  // namespace quire::client
