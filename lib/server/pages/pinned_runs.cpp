// SPDX-License-Identifier: MIT

#include "pages/pinned_runs.hpp"

#include <algorithm>

namespace quire::server {

Result<void> PinnedRuns::set(const ipc::Memory& memory, std::uint32_t most) {
    if (memory.size() < size || !memory.writable())
        return fail(std::errc::invalid_argument, "pins are 4096 bytes that can be written");
    QUIRE_TRY(words_.replace(memory));
    most_ = std::min<std::uint32_t>(most, paging::most_pins);
    return {};
}

void PinnedRuns::add_to(std::vector<std::uint32_t>& runs) const {
    const auto place = words_.target(0, size);
    if (!place) return;
    auto* const words = reinterpret_cast<std::uint64_t*>(place->bytes.data());
    for (std::uint32_t i = 0; i < most_; ++i)
        if (const std::uint64_t word = std::atomic_ref(words[i]).load(); word != 0)
            runs.push_back(static_cast<std::uint32_t>(word - 1));
}

}  // namespace quire::server
