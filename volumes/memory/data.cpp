// SPDX-License-Identifier: MIT

#include <algorithm>
#include <mutex>

#include "node.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::memory {

using fs::Call;
using fs::Cookie;

Result<std::size_t> MemoryVolume::read(const Call&, Cookie cookie, std::uint64_t offset,
                                       std::span<std::byte> memory) {
    QUIRE_TRY_ASSIGN(const NodePointer node, find_file(cookie));
    const std::shared_lock lock(node->mutex);
    return node->content.read(offset, memory);
}

Result<std::size_t> MemoryVolume::write(const Call&, Cookie cookie, std::uint64_t offset,
                                        std::span<const std::byte> memory) {
    QUIRE_TRY(check_writable());
    QUIRE_TRY_ASSIGN(const NodePointer node, find_file(cookie));
    if (memory.empty()) return 0;
    if (offset >= options_.file_size_limit) return fail(std::errc::file_too_large);
    memory =
        memory.first(std::min<std::uint64_t>(memory.size(), options_.file_size_limit - offset));
    const std::unique_lock lock(node->mutex);
    QUIRE_TRY_ASSIGN(const std::size_t written, node->content.write(offset, memory));
    node->modify = node->change = options_.clock->now();
    return written;
}

Result<std::uint64_t> MemoryVolume::seek(const Call&, Cookie cookie, std::uint64_t offset,
                                         fs::SeekTo what) {
    QUIRE_TRY_ASSIGN(const NodePointer node, find_file(cookie));
    const std::shared_lock lock(node->mutex);
    const Content& content = node->content;
    if (offset >= content.size()) return fail(std::errc::no_such_device_or_address);
    if (what == fs::SeekTo::hole) return content.next_hole(offset);
    const auto data = content.next_data(offset);
    if (!data) return fail(std::errc::no_such_device_or_address);
    return *data;
}

Result<void> MemoryVolume::fallocate(const Call&, Cookie cookie, fs::AllocateMode mode,
                                     block::Range range) {
    QUIRE_TRY(check_writable());
    QUIRE_TRY_ASSIGN(const NodePointer node, find_file(cookie));
    if (range.length == 0) return fail(std::errc::invalid_argument);
    if (range.offset > options_.file_size_limit ||
        range.length > options_.file_size_limit - range.offset)
        return fail(std::errc::file_too_large);
    const std::unique_lock lock(node->mutex);
    Content& content = node->content;
    switch (mode) {
        case fs::AllocateMode::allocate:
        case fs::AllocateMode::keep_size:
            QUIRE_TRY(content.reserve(range));
            break;
        case fs::AllocateMode::punch_hole:
            content.punch(range);
            break;
        case fs::AllocateMode::zero_range:
            QUIRE_TRY(content.zero(range));
            break;
    }
    const bool grows = mode == fs::AllocateMode::allocate || mode == fs::AllocateMode::zero_range;
    if (grows && range.offset + range.length > content.size())
        content.resize(range.offset + range.length);
    node->modify = node->change = options_.clock->now();
    return {};
}

Result<void> MemoryVolume::discard(const Call& call, Cookie cookie, block::Range range) {
    return fallocate(call, cookie, fs::AllocateMode::punch_hole, range);
}

}  // namespace quire::memory
