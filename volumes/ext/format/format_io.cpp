// SPDX-License-Identifier: MIT

#include "format/format_io.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "quire/base/units.hpp"

namespace quire::ext {

namespace {

// For what is kept unwritten, and once more for what may be asked for again.
constexpr std::size_t cache_budget = MiB;

FormatTarget& target_of(io_channel channel) {
    return *static_cast<FormatTarget*>(channel->private_data);
}

errcode_t code_of(const Result<void>& result) {
    return result ? 0 : static_cast<errcode_t>(result.error().code());
}

// The bytes of `count` blocks or, when it is negative, of so many bytes.
std::size_t length_of(io_channel channel, int count) {
    if (count < 0) return static_cast<std::size_t>(-static_cast<long long>(count));
    return static_cast<std::size_t>(count) * static_cast<std::size_t>(channel->block_size);
}

errcode_t open_channel(const char* name, int, io_channel* channel) {
    std::uintptr_t address = 0;
    const char* end = name + std::strlen(name);
    if (std::from_chars(name, end, address, 16).ptr != end) return EXT2_ET_INVALID_ARGUMENT;
    auto* made = static_cast<io_channel>(std::calloc(1, sizeof(struct_io_channel)));
    if (made == nullptr) return EXT2_ET_NO_MEMORY;
    made->name = strdup(name);
    if (made->name == nullptr) {
        std::free(made);
        return EXT2_ET_NO_MEMORY;
    }
    made->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    made->manager = format_io_manager();
    made->private_data = reinterpret_cast<void*>(address);
    made->block_size = 1024;
    made->refcount = 1;
    *channel = made;
    return 0;
}

errcode_t close_channel(io_channel channel) {
    if (--channel->refcount > 0) return 0;
    std::free(channel->name);
    std::free(channel);
    return 0;
}

// The library is C: no exception may pass through it.
template <typename Work>
errcode_t guarded(const Work& work) {
    try {
        return code_of(work());
    } catch (const std::bad_alloc&) {
        return EXT2_ET_NO_MEMORY;
    }
}

errcode_t set_block_size(io_channel channel, int size) {
    channel->block_size = size;
    return guarded(
        [&] { return target_of(channel).set_block_size(static_cast<std::uint32_t>(size)); });
}

errcode_t read_blocks(io_channel channel, unsigned long long block, int count, void* data) {
    return guarded([&] {
        return target_of(channel).read(block,
                                       {static_cast<std::byte*>(data), length_of(channel, count)});
    });
}

errcode_t write_blocks(io_channel channel, unsigned long long block, int count, const void* data) {
    return guarded([&] {
        return target_of(channel).write(
            block, {static_cast<const std::byte*>(data), length_of(channel, count)});
    });
}

errcode_t read_blocks_32(io_channel channel, unsigned long block, int count, void* data) {
    return read_blocks(channel, block, count, data);
}

errcode_t write_blocks_32(io_channel channel, unsigned long block, int count, const void* data) {
    return write_blocks(channel, block, count, data);
}

errcode_t flush(io_channel channel) {
    return guarded([&] { return target_of(channel).flush(); });
}

errcode_t zero_blocks(io_channel channel, unsigned long long block, unsigned long long count) {
    return guarded([&] { return target_of(channel).zero(block, count); });
}

// The library keeps a pointer to this table and never writes to it, though it has no word for
// that.
constinit struct_io_manager table = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "quire format",
    .open = open_channel,
    .close = close_channel,
    .set_blksize = set_block_size,
    .read_blk = read_blocks_32,
    .write_blk = write_blocks_32,
    .flush = flush,
    .write_byte = nullptr,
    .set_option = nullptr,
    .get_stats = nullptr,
    .read_blk64 = read_blocks,
    .write_blk64 = write_blocks,
    .discard = nullptr,
    .cache_readahead = nullptr,
    .zeroout = zero_blocks,
    .reserved = {},
};

}  // namespace

io_manager format_io_manager() {
    return &table;
}

FormatTarget::FormatTarget(block::Device& device, bool known_zero)
    : device_(device),
      known_zero_(known_zero),
      cache_(cache_budget, [this](std::uint64_t block, std::span<std::byte> memory) {
          return device_.read(block * cache_.block_size(), memory);
      }) {}

std::string FormatTarget::name() const {
    return fmt::format("{:x}", reinterpret_cast<std::uintptr_t>(this));
}

Result<void> FormatTarget::set_block_size(std::uint32_t bytes) {
    QUIRE_TRY(flush());
    cache_.set_block_size(bytes);
    return {};
}

Result<void> FormatTarget::read(std::uint64_t block, std::span<std::byte> memory) {
    if (memory.size() == cache_.block_size()) return cache_.read(block, memory);
    QUIRE_TRY(flush());
    return device_.read(block * cache_.block_size(), memory);
}

Result<void> FormatTarget::write(std::uint64_t block, std::span<const std::byte> memory) {
    const std::uint32_t size = cache_.block_size();
    if (memory.size() == size) {
        cache_.write(block, memory);
        return cache_.dirty_bytes() < cache_budget ? Result<void>() : flush();
    }
    QUIRE_TRY(flush());
    cache_.forget(block, (memory.size() + size - 1) / size);
    return device_.write(block * size, memory);
}

Result<void> FormatTarget::zero(std::uint64_t block, std::uint64_t count) {
    if (known_zero_) return {};
    cache_.forget(block, count);
    return device_.zero({block * cache_.block_size(), count * cache_.block_size()});
}

Result<void> FormatTarget::flush() {
    std::vector<block::WriteRun> runs;
    runs.reserve(cache_.dirty_count());
    for (const std::uint64_t block : cache_.dirty())
        runs.push_back({block * cache_.block_size(), {cache_.peek(block), cache_.block_size()}});
    QUIRE_TRY(device_.write_runs(runs));
    cache_.mark_clean();
    return {};
}

}  // namespace quire::ext
