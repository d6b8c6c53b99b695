// SPDX-License-Identifier: MIT

#include "pages/shared_memory.hpp"

#include <sys/stat.h>

#include <map>
#include <mutex>
#include <utility>

#include "context_state.hpp"

namespace quire::client {

namespace {

/// Every domain has it, and it alone.
constexpr std::uint32_t first_segment = 1;

/// Memory is the same if its first segment is.
class Maps {
public:
    Result<std::shared_ptr<paging::MemoryMap>> of(int first) {
        struct stat status{};
        if (::fstat(first, &status) != 0) return fail_errno();
        const std::scoped_lock lock(mutex_);
        std::erase_if(maps_, [](const auto& map) { return map.second.expired(); });
        std::weak_ptr<paging::MemoryMap>& place = maps_[{status.st_dev, status.st_ino}];
        if (auto map = place.lock()) return map;
        auto map = std::make_shared<paging::MemoryMap>();
        place = map;
        return map;
    }

    static Maps& all() {
        static Maps maps;
        return maps;
    }

private:
    std::mutex mutex_;
    std::map<std::pair<dev_t, ino_t>, std::weak_ptr<paging::MemoryMap>> maps_;
};

}  // namespace

Result<void> add_segment(paging::MemoryMap& map, std::uint32_t number, const ipc::Memory& segment) {
    const auto added = map.add(number, segment.fd(), segment.size());
    if (added) return {};
    if (added.error() == std::errc::invalid_argument) return senseless("memory that is no segment");
    return added;
}

Result<std::shared_ptr<paging::MemoryMap>> SharedMemory::get(const ContextState& state) {
    if (map_) return map_;
    QUIRE_TRY_ASSIGN(const ipc::Memory first, state.context->segment(state.call(), first_segment));
    QUIRE_TRY_ASSIGN(const auto map, Maps::all().of(first.fd()));
    QUIRE_TRY(add_segment(*map, first_segment, first));
    if (!map->has(paging::life_segment)) {
        QUIRE_TRY_ASSIGN(const ipc::Memory life,
                         state.context->segment(state.call(), paging::life_segment));
        QUIRE_TRY(add_segment(*map, paging::life_segment, life));
    }
    map_ = map;
    return map_;
}

Result<void> SharedMemory::map(const ContextState& state, std::uint32_t number) {
    QUIRE_TRY_ASSIGN(const auto map, get(state));
    if (number >= paging::most_segments) return senseless("a segment of no number");
    if (map->has(number)) return {};
    QUIRE_TRY_ASSIGN(const ipc::Memory segment, state.context->segment(state.call(), number));
    return add_segment(*map, number, segment);
}

}  // namespace quire::client
