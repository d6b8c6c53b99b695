// SPDX-License-Identifier: MIT

#include "format/format_io.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace quire::ext {

namespace {

const FormatTarget& target_of(io_channel channel) {
    return *static_cast<const FormatTarget*>(channel->private_data);
}

errcode_t code_of(const Result<void>& result) {
    return result ? 0 : static_cast<errcode_t>(result.error().code());
}

// Where a transfer of `count` blocks (or, when negative, bytes) lies.
block::Range range_of(io_channel channel, unsigned long long block, int count) {
    const auto size = static_cast<std::uint64_t>(channel->block_size);
    const std::uint64_t length = count < 0
                                     ? static_cast<std::uint64_t>(-static_cast<long long>(count))
                                     : static_cast<std::uint64_t>(count) * size;
    return {block * size, length};
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

errcode_t set_block_size(io_channel channel, int size) {
    channel->block_size = size;
    return 0;
}

errcode_t read_blocks(io_channel channel, unsigned long long block, int count, void* data) {
    const block::Range range = range_of(channel, block, count);
    return code_of(target_of(channel).device().read(range.offset,
                                                    {static_cast<std::byte*>(data), range.length}));
}

errcode_t write_blocks(io_channel channel, unsigned long long block, int count, const void* data) {
    const block::Range range = range_of(channel, block, count);
    return code_of(target_of(channel).device().write(
        range.offset, {static_cast<const std::byte*>(data), range.length}));
}

errcode_t read_blocks_32(io_channel channel, unsigned long block, int count, void* data) {
    return read_blocks(channel, block, count, data);
}

errcode_t write_blocks_32(io_channel channel, unsigned long block, int count, const void* data) {
    return write_blocks(channel, block, count, data);
}

errcode_t flush(io_channel channel) {
    return code_of(target_of(channel).device().flush());
}

errcode_t zero_blocks(io_channel channel, unsigned long long block, unsigned long long count) {
    const FormatTarget& target = target_of(channel);
    if (target.known_zero()) return 0;
    const auto size = static_cast<std::uint64_t>(channel->block_size);
    return code_of(target.device().zero({block * size, count * size}));
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

std::string FormatTarget::name() const {
    return fmt::format("{:x}", reinterpret_cast<std::uintptr_t>(this));
}

}  // namespace quire::ext
