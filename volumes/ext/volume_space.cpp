// SPDX-License-Identifier: MIT

// Space of files without bytes: reserving, punching, discarding.

#include <algorithm>
#include <limits>

#include "content/inline_data.hpp"
#include "content/mapping.hpp"
#include "nodes/content_change.hpp"
#include "nodes/file_runs.hpp"
#include "nodes/file_size.hpp"
#include "nodes/inode_attributes.hpp"

namespace quire::ext {

namespace {

// How many blocks one change reserves or frees, so that its bitmaps fit into a transaction.
constexpr std::uint64_t step_blocks = std::uint64_t{1} << 20;

void touch(Store& store, InodeRecord& inode) {
    const Time now = store.now();
    set_time(inode, Stamp::modify, now);
    set_time(inode, Stamp::change, now);
}

/// Makes bytes of one block zeros where they are data.
Result<void> zero_part(Store& store, const InodeRecord& inode, std::uint64_t from,
                       std::uint64_t to) {
    if (from >= to) return {};
    const std::uint64_t size = store.block_size();
    QUIRE_TRY_ASSIGN(const auto extents, map(store.filesystem(), inode, from / size, 1));
    if (extents.empty() || !extents.front().is_data()) return {};
    return store.zero_data({extents.front().physical * size + from % size, to - from});
}

/// Makes bytes of a file whose content lies in the inode zeros.
Result<void> zero_inline(Store& store, InodeRecord& inode, std::uint64_t from, std::uint64_t to) {
    QUIRE_TRY_ASSIGN(auto bytes, read_inline_data(store.filesystem(), inode));
    to = std::min<std::uint64_t>(to, bytes.size());
    if (from < to)
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                  bytes.begin() + static_cast<std::ptrdiff_t>(to), std::byte{0});
    return write_inline_data(store.filesystem(), inode, bytes);
}

/// Punches [from, to): whole blocks are freed, parts become zeros. One step; answers where to go
/// on, `from` when all is done.
Result<std::uint64_t> punch_step(Store& store, InodeRecord& inode, std::uint64_t from,
                                 std::uint64_t to) {
    if (inode.is_inline()) {
        QUIRE_TRY(zero_inline(store, inode, from, to));
        return from;
    }
    const std::uint64_t size = store.block_size();
    const std::uint64_t first = (from + size - 1) / size;
    const std::uint64_t last = to / size;
    if (first > last) QUIRE_TRY(zero_part(store, inode, from, to));
    if (first > last) return from;
    QUIRE_TRY(zero_part(store, inode, from, first * size));
    QUIRE_TRY(zero_part(store, inode, last * size, to));
    if (first == last) return from;
    QUIRE_TRY_ASSIGN(const PunchProgress progress,
                     punch(store.access(), inode, first, last - first));
    return progress.done ? from : std::max(progress.remaining_end * size, first * size);
}

/// Gives the holes of [from, to) blocks, as many as one step may. Answers how far it came.
Result<std::uint64_t> reserve_step(Store& store, InodeRecord& inode, std::uint64_t from,
                                   std::uint64_t to) {
    const std::uint64_t size = store.block_size();
    const std::uint64_t first = from / size;
    const std::uint64_t count = std::min((to - 1) / size - first + 1, step_blocks);
    AllocateOptions options;
    options.unwritten = true;
    QUIRE_TRY_ASSIGN(const auto extents, allocate(store.access(), inode, first, count, options));
    std::uint64_t covered = first;
    for (const Extent& extent : extents) {
        // Block maps know no unwritten blocks: new ones become zeros at once.
        if (extent.fresh && !extent.unwritten)
            QUIRE_TRY(store.zero_data({extent.physical * size, extent.count * size}));
        covered = extent.logical + extent.count;
    }
    if (covered < first + count) return fail(std::errc::no_space_on_device);
    return std::min((first + count) * size, to);
}

}  // namespace

Result<void> Volume::punch_range(const fs::Call& call, Node& node, std::uint64_t from,
                                 std::uint64_t to) {
    for (std::uint64_t left = to; left > from;) {
        QUIRE_TRY_ASSIGN(
            const std::uint64_t next,
            change_content(call, node,
                           [&](Store::Change&, InodeRecord& inode) -> Result<std::uint64_t> {
                               QUIRE_TRY(check_content(inode));
                               QUIRE_TRY_ASSIGN(const std::uint64_t end,
                                                punch_step(*store_, inode, from, left));
                               touch(*store_, inode);
                               QUIRE_TRY(inode.write(store_->filesystem()));
                               return end;
                           }));
        left = next;
    }
    return {};
}

Result<void> Volume::reserve_range(const fs::Call& call, Node& node, std::uint64_t from,
                                   std::uint64_t to, bool keep_size) {
    for (std::uint64_t at = from; at < to;) {
        QUIRE_TRY_ASSIGN(
            at, change_content(call, node,
                               [&](Store::Change&, InodeRecord& inode) -> Result<std::uint64_t> {
                                   ext2_filsys fs = store_->filesystem();
                                   QUIRE_TRY(check_content(inode));
                                   if (to > maximum_size(fs, inode))
                                       return fail(std::errc::file_too_large);
                                   // Past the end only blocks that read as zeros may lie.
                                   if (keep_size && to > inode.size() && !inode.is_inline() &&
                                       !inode.uses_extents())
                                       return fail(std::errc::operation_not_supported);
                                   std::uint64_t end = to;
                                   if (inode.is_inline() && to > inline_capacity(fs, inode))
                                       QUIRE_TRY(expand_inline(*store_, inode));
                                   if (!inode.is_inline()) {
                                       QUIRE_TRY_ASSIGN(end, reserve_step(*store_, inode, at, to));
                                   }
                                   if (!keep_size && end > inode.size())
                                       QUIRE_TRY(set_file_size(*store_, inode, end));
                                   touch(*store_, inode);
                                   QUIRE_TRY(inode.write(fs));
                                   return end;
                               }));
    }
    return {};
}

Result<void> Volume::fallocate(const fs::Call& call, fs::Cookie cookie, fs::AllocateMode mode,
                               block::Range range) {
    QUIRE_TRY_ASSIGN(const auto node, nodes_->find(cookie));
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (range.length == 0) return fail(std::errc::invalid_argument);
    if (range.offset > most || range.length > most - range.offset)
        return fail(std::errc::file_too_large);
    const std::uint64_t end = range.offset + range.length;
    switch (mode) {
        case fs::AllocateMode::allocate:
            return reserve_range(call, *node, range.offset, end, false);
        case fs::AllocateMode::keep_size:
            return reserve_range(call, *node, range.offset, end, true);
        case fs::AllocateMode::punch_hole:
            return punch_range(call, *node, range.offset, end);
        case fs::AllocateMode::zero_range:
            QUIRE_TRY(punch_range(call, *node, range.offset, end));
            return reserve_range(call, *node, range.offset, end, false);
    }
    return fail(std::errc::invalid_argument);
}

Result<void> Volume::discard(const fs::Call& call, fs::Cookie cookie, block::Range range) {
    QUIRE_TRY_ASSIGN(const auto node, nodes_->find(cookie));
    const std::uint64_t size = store_->block_size();
    if (range.length > ~std::uint64_t{0} - range.offset || range.offset > ~size)
        return fail(std::errc::invalid_argument);
    // Only whole blocks: a hint is not worth writing zeros.
    const std::uint64_t from = (range.offset + size - 1) / size * size;
    const std::uint64_t to = (range.offset + range.length) / size * size;
    return punch_range(call, *node, from, to);
}

}  // namespace quire::ext
