// SPDX-License-Identifier: MIT

#include "quire/volumes/ext/journal/map.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <limits>

namespace quire::ext::journal {

Result<Map> Map::open(block::Device& device, std::uint32_t block_size,
                      std::uint64_t filesystem_blocks, std::vector<Extent> extents) {
    if (!std::has_single_bit(block_size) || block_size < 1024 || block_size > 65536)
        return fail(std::errc::invalid_argument,
                    fmt::format("a journal cannot have blocks of {} bytes", block_size));
    Map map;
    map.device_ = &device;
    map.block_size_ = block_size;
    map.filesystem_blocks_ = filesystem_blocks;
    const std::uint64_t limit = std::min(filesystem_blocks, device.geometry().size / block_size);
    std::uint64_t size = 0;
    for (const Extent& extent : extents) {
        if (extent.count == 0 || extent.device_block == 0 || extent.device_block >= limit ||
            extent.count > limit - extent.device_block)
            return fail(std::errc::bad_message,
                        fmt::format("the journal's blocks {}+{} lie outside the filesystem",
                                    extent.device_block, extent.count));
        map.pieces_.push_back({static_cast<std::uint32_t>(size), extent});
        size += extent.count;
        if (size > std::numeric_limits<std::uint32_t>::max())
            return fail(std::errc::bad_message, "the journal has too many blocks");
    }
    if (size == 0) return fail(std::errc::bad_message, "the journal has no blocks");
    map.size_ = static_cast<std::uint32_t>(size);
    map.on_device_ = std::move(extents);
    std::ranges::sort(map.on_device_, {}, &Extent::device_block);
    for (std::size_t i = 1; i < map.on_device_.size(); ++i) {
        const Extent& before = map.on_device_[i - 1];
        if (before.device_block + before.count > map.on_device_[i].device_block)
            return fail(std::errc::bad_message, fmt::format("the journal names block {} twice",
                                                            map.on_device_[i].device_block));
    }
    return map;
}

Extent Map::run_at(std::uint32_t journal_block) const {
    const auto after = std::ranges::upper_bound(pieces_, journal_block, {}, &Piece::journal_block);
    const Piece& piece = *std::prev(after);
    const std::uint32_t inside = journal_block - piece.journal_block;
    return {piece.extent.device_block + inside, piece.extent.count - inside};
}

std::uint64_t Map::device_block(std::uint32_t journal_block) const {
    return run_at(journal_block).device_block;
}

bool Map::owns(std::uint64_t device_block) const {
    const auto after =
        std::ranges::upper_bound(on_device_, device_block, {}, &Extent::device_block);
    if (after == on_device_.begin()) return false;
    const Extent& extent = *std::prev(after);
    return device_block - extent.device_block < extent.count;
}

namespace {

Result<void> check_span(std::uint32_t size, std::uint32_t journal_block, std::size_t blocks) {
    if (journal_block > size || blocks > size - journal_block)
        return fail(std::errc::result_out_of_range,
                    fmt::format("journal blocks {}+{} of {}", journal_block, blocks, size));
    return {};
}

}  // namespace

Result<void> Map::read(std::uint32_t journal_block, std::span<std::byte> memory) const {
    QUIRE_TRY(check_span(size_, journal_block, memory.size() / block_size_));
    while (!memory.empty()) {
        const Extent run = run_at(journal_block);
        const auto blocks = static_cast<std::uint32_t>(
            std::min<std::size_t>(run.count, memory.size() / block_size_));
        const std::size_t bytes = std::size_t{blocks} * block_size_;
        QUIRE_TRY(device_->read(run.device_block * block_size_, memory.first(bytes)));
        memory = memory.subspan(bytes);
        journal_block += blocks;
    }
    return {};
}

}  // namespace quire::ext::journal
