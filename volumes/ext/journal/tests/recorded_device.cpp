// SPDX-License-Identifier: MIT

#include "recorded_device.hpp"

#include <algorithm>

namespace quire::ext::journal {

Result<void> RecordedDevice::read(std::uint64_t offset, std::span<std::byte> memory) {
    QUIRE_TRY(block::check_range(offset, memory.size(), bytes_.size()));
    std::ranges::copy(std::span(bytes_).subspan(offset, memory.size()), memory.begin());
    return {};
}

Result<void> RecordedDevice::write(std::uint64_t offset, std::span<const std::byte> memory) {
    QUIRE_TRY(block::check_range(offset, memory.size(), bytes_.size()));
    epochs_.back().writes.push_back({offset, {memory.begin(), memory.end()}});
    apply(epochs_.back().writes.back(), bytes_);
    return {};
}

Result<void> RecordedDevice::flush() {
    const std::size_t mark = epochs_.back().mark;
    if (!epochs_.back().writes.empty()) epochs_.push_back({mark, {}});
    return {};
}

void RecordedDevice::apply(const Write& write, Bytes& content) {
    std::ranges::copy(write.bytes, content.begin() + static_cast<std::ptrdiff_t>(write.offset));
}

void RecordedDevice::apply_some(const Epoch& epoch, std::mt19937& random, Bytes& content) {
    constexpr std::size_t sector = 512;
    std::vector<const Write*> writes;
    const unsigned keep = 1 + random() % 4;  // of five
    for (const Write& write : epoch.writes)
        if (random() % 5 < keep) writes.push_back(&write);
    std::ranges::shuffle(writes, random);
    for (const Write* write : writes) {
        if (random() % 6 != 0) {
            apply(*write, content);
            continue;
        }
        for (std::size_t at = 0; at < write->bytes.size(); at += sector) {
            if (random() % 2) continue;
            const std::size_t length = std::min(sector, write->bytes.size() - at);
            std::ranges::copy(std::span(write->bytes).subspan(at, length),
                              content.begin() + static_cast<std::ptrdiff_t>(write->offset + at));
        }
    }
}

}  // namespace quire::ext::journal
