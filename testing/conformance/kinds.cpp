// SPDX-License-Identifier: MIT

#include "kinds.hpp"

#include <limits>

#include "ground.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::conformance {

namespace {

Result<std::unique_ptr<Ground>> make_memory(Through through) {
    memory::MemoryVolume::Options options;
    options.clock = std::make_shared<TickingClock>();
    options.byte_limit = 8U << 20U;
    options.inode_limit = 4000;
    options.link_limit = 100;
    QUIRE_TRY_ASSIGN(auto volume, memory::MemoryVolume::create(options));
    Traits traits;
    traits.largest_file = options.file_size_limit;
    traits.link_max = options.link_limit;
    traits.earliest = std::numeric_limits<std::int64_t>::min();
    traits.latest = std::numeric_limits<std::int64_t>::max();
    // A memory volume may be opened again after it was unmounted.
    return TreeGround::make([volume] { return volume; }, nullptr, traits, through);
}

}  // namespace

std::vector<Kind> kinds() {
    std::vector<Kind> all = {
        {"memory", [] { return make_memory(Through::nothing); }},
        {"guarded_memory", [] { return make_memory(Through::guard); }},
    };
    for (auto&& some : {ext_kinds(), machine_kinds(), remote_kinds()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

}  // namespace quire::conformance
