// SPDX-License-Identifier: MIT

#include "store/io_manager.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace quire::ext {

namespace {

constexpr std::string_view cache_option = "cache";

BlockCache& cache_of(io_channel channel) {
    return *static_cast<BlockCache*>(channel->private_data);
}

errcode_t code_of(const Error& error) {
    return static_cast<errcode_t>(error.code());
}

/// A negative count is one of bytes, from the start of the block on.
std::size_t length_of(io_channel channel, int count) {
    if (count < 0) return static_cast<std::size_t>(-static_cast<long long>(count));
    return static_cast<std::size_t>(count) * static_cast<std::size_t>(channel->block_size);
}

errcode_t open_channel(const char* name, int, io_channel* channel) {
    auto* made = static_cast<io_channel>(std::calloc(1, sizeof(struct_io_channel)));
    char* name_copy = strdup(name);
    if (made == nullptr || name_copy == nullptr) {
        std::free(made);
        std::free(name_copy);
        return EXT2_ET_NO_MEMORY;
    }
    made->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    made->manager = cache_io_manager();
    made->name = name_copy;
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

errcode_t set_option(io_channel channel, const char* option, const char* argument) {
    if (option != cache_option || argument == nullptr) return EXT2_ET_INVALID_ARGUMENT;
    std::uintptr_t address = 0;
    const char* end = argument + std::strlen(argument);
    if (std::from_chars(argument, end, address, 16).ptr != end) return EXT2_ET_INVALID_ARGUMENT;
    channel->private_data = reinterpret_cast<void*>(address);
    return 0;
}

errcode_t set_block_size(io_channel channel, int size) {
    if (size < EXT2_MIN_BLOCK_SIZE || size > EXT2_MAX_BLOCK_SIZE) return EXT2_ET_INVALID_ARGUMENT;
    channel->block_size = size;
    cache_of(channel).set_block_size(static_cast<std::uint32_t>(size));
    return 0;
}

errcode_t read_blocks(io_channel channel, unsigned long long block, int count, void* data) try {
    BlockCache& cache = cache_of(channel);
    std::span target(static_cast<std::byte*>(data), length_of(channel, count));
    const std::size_t size = cache.block_size();
    for (; !target.empty(); ++block) {
        if (target.size() >= size) {
            if (auto done = cache.read(block, target.first(size)); !done)
                return code_of(done.error());
            target = target.subspan(size);
            continue;
        }
        std::vector<std::byte> whole(size);
        if (auto done = cache.read(block, whole); !done) return code_of(done.error());
        std::memcpy(target.data(), whole.data(), target.size());
        target = {};
    }
    return 0;
} catch (const std::bad_alloc&) {
    return EXT2_ET_NO_MEMORY;
}

/// Writes part of a block, keeping the rest.
errcode_t write_part(BlockCache& cache, std::uint64_t block, std::size_t at,
                     std::span<const std::byte> bytes) {
    std::vector<std::byte> whole(cache.block_size());
    if (auto done = cache.read(block, whole); !done) return code_of(done.error());
    std::memcpy(whole.data() + at, bytes.data(), bytes.size());
    cache.write(block, whole);
    return 0;
}

errcode_t write_blocks(io_channel channel, unsigned long long block, int count,
                       const void* data) try {
    BlockCache& cache = cache_of(channel);
    std::span source(static_cast<const std::byte*>(data), length_of(channel, count));
    const std::size_t size = cache.block_size();
    for (; source.size() >= size; ++block) {
        cache.write(block, source.first(size));
        source = source.subspan(size);
    }
    return source.empty() ? 0 : write_part(cache, block, 0, source);
} catch (const std::bad_alloc&) {
    return EXT2_ET_NO_MEMORY;
}

errcode_t read_blocks_32(io_channel channel, unsigned long block, int count, void* data) {
    return read_blocks(channel, block, count, data);
}

errcode_t write_blocks_32(io_channel channel, unsigned long block, int count, const void* data) {
    return write_blocks(channel, block, count, data);
}

errcode_t write_bytes(io_channel channel, unsigned long offset, int count, const void* data) try {
    if (count < 0) return EXT2_ET_INVALID_ARGUMENT;
    BlockCache& cache = cache_of(channel);
    std::span source(static_cast<const std::byte*>(data), static_cast<std::size_t>(count));
    const std::size_t size = cache.block_size();
    while (!source.empty()) {
        const std::size_t at = offset % size;
        const std::size_t length = std::min(source.size(), size - at);
        if (errcode_t code = write_part(cache, offset / size, at, source.first(length)))
            return code;
        offset += length;
        source = source.subspan(length);
    }
    return 0;
} catch (const std::bad_alloc&) {
    return EXT2_ET_NO_MEMORY;
}

// A commit alone decides what reaches the device, and when.
errcode_t flush(io_channel) {
    return 0;
}

// Freed blocks may hold what a crash brings back: they are not given away here.
errcode_t discard(io_channel, unsigned long long, unsigned long long) {
    return 0;
}

errcode_t zero_blocks(io_channel channel, unsigned long long block, unsigned long long count) try {
    BlockCache& cache = cache_of(channel);
    const std::vector<std::byte> zeros(cache.block_size());
    for (; count > 0; --count, ++block) cache.write(block, zeros);
    return 0;
} catch (const std::bad_alloc&) {
    return EXT2_ET_NO_MEMORY;
}

errcode_t read_ahead(io_channel, unsigned long long, unsigned long long) {
    return 0;
}

// The library keeps a pointer to this table and never writes to it, though it has no word for
// that.
constinit struct_io_manager table = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "quire block cache",
    .open = open_channel,
    .close = close_channel,
    .set_blksize = set_block_size,
    .read_blk = read_blocks_32,
    .write_blk = write_blocks_32,
    .flush = flush,
    .write_byte = write_bytes,
    .set_option = set_option,
    .get_stats = nullptr,
    .read_blk64 = read_blocks,
    .write_blk64 = write_blocks,
    .discard = discard,
    .cache_readahead = read_ahead,
    .zeroout = zero_blocks,
    .reserved = {},
};

}  // namespace

io_manager cache_io_manager() {
    return &table;
}

std::string cache_io_options(BlockCache& cache) {
    return fmt::format("{}={:x}", cache_option, reinterpret_cast<std::uintptr_t>(&cache));
}

}  // namespace quire::ext
