// SPDX-License-Identifier: MIT

#include "format/file_blocks.hpp"

#include <algorithm>

#include "content/mapping.hpp"

namespace quire::ext {

Result<void> FileBlocks::append(std::uint64_t offset, std::span<const std::byte> memory) {
    const std::uint64_t size = access_.fs->blocksize;
    if (offset < end_)
        return fail(std::errc::invalid_argument, "the content does not come in order");
    if (memory.empty()) return {};
    if (!partial_.empty() && offset / size != end_ / size) QUIRE_TRY(finish());
    end_ = offset + memory.size();

    // Complete the block under way, or begin one that this piece does not start.
    if (const std::uint64_t inside = offset % size; inside != 0) {
        partial_.resize(inside);
        const auto head = memory.first(std::min<std::uint64_t>(size - inside, memory.size()));
        partial_.insert(partial_.end(), head.begin(), head.end());
        memory = memory.subspan(head.size());
        offset += head.size();
        if (partial_.size() < size) return {};
        QUIRE_TRY(emit(offset / size - 1, partial_));
        partial_.clear();
    }
    const std::uint64_t whole = memory.size() - memory.size() % size;
    if (whole > 0) QUIRE_TRY(emit(offset / size, memory.first(whole)));
    const auto tail = memory.subspan(whole);
    partial_.assign(tail.begin(), tail.end());
    return {};
}

Result<void> FileBlocks::finish() {
    if (partial_.empty()) return {};
    const std::uint64_t size = access_.fs->blocksize;
    // end_ may lie right behind the block only if the block was whole, and then it is not here.
    partial_.resize(size);
    QUIRE_TRY(emit(end_ / size, partial_));
    partial_.clear();
    return {};
}

Result<void> FileBlocks::emit(std::uint64_t block, std::span<const std::byte> memory) {
    const std::uint64_t size = access_.fs->blocksize;
    while (!memory.empty()) {
        QUIRE_TRY_ASSIGN(const auto extents,
                         allocate(access_, inode_, block, memory.size() / size));
        if (extents.empty()) return fail(std::errc::no_space_on_device);
        for (const Extent& extent : extents) {
            const auto part = memory.first(extent.count * size);
            QUIRE_TRY(output_.write(extent.physical * size, part));
            memory = memory.subspan(part.size());
            block += extent.count;
        }
    }
    return {};
}

}  // namespace quire::ext
