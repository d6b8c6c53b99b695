// SPDX-License-Identifier: MIT

#include "content/blocks/extent_mapping.hpp"

#include <algorithm>

#include "content/blocks/extent_tree.hpp"

namespace quire::ext {

void append_mapping(std::vector<Extent>& list, const Extent& extent) {
    if (extent.count == 0) return;
    if (!list.empty()) {
        Extent& last = list.back();
        const bool adjacent =
            last.is_hole() ? extent.is_hole() : last.physical + last.count == extent.physical;
        if (adjacent && last.logical + last.count == extent.logical &&
            last.unwritten == extent.unwritten && last.fresh == extent.fresh) {
            last.count += extent.count;
            return;
        }
    }
    list.push_back(extent);
}

Result<std::vector<Extent>> map_extents(ext2_filsys fs, const InodeRecord& inode,
                                        std::uint64_t first, std::uint64_t end, std::size_t limit) {
    std::vector<Extent> list;
    std::uint64_t at = first;
    QUIRE_TRY(walk_leaves(fs, inode, first, std::min(end, tree_end), [&](const TreeNode& leaf) {
        for (const TreeEntry& entry : leaf.entries) {
            if (entry.end() <= at) continue;
            if (entry.logical >= end) break;
            if (entry.logical > at) {
                append_mapping(list, {.logical = at, .count = entry.logical - at});
                at = entry.logical;
            }
            const std::uint64_t stop = std::min(end, entry.end());
            append_mapping(list, {.logical = at,
                                  .physical = entry.physical + (at - entry.logical),
                                  .count = stop - at,
                                  .unwritten = entry.unwritten});
            at = stop;
            if (list.size() > limit) return false;
        }
        return at < end;
    }));
    if (list.size() <= limit) append_mapping(list, {.logical = at, .count = end - at});
    if (list.size() > limit) list.resize(limit);
    return list;
}

Result<std::vector<Extent>> unwritten_extents(ext2_filsys fs, const InodeRecord& inode,
                                              std::uint64_t first, std::uint64_t end) {
    std::vector<Extent> list;
    QUIRE_TRY(walk_leaves(fs, inode, first, std::min(end, tree_end), [&](const TreeNode& leaf) {
        for (const TreeEntry& entry : leaf.entries)
            if (entry.unwritten && entry.end() > first && entry.logical < end)
                list.push_back({.logical = entry.logical,
                                .physical = entry.physical,
                                .count = entry.count,
                                .unwritten = true});
        return true;
    }));
    return list;
}

Result<void> insert_extent(Access access, InodeRecord& inode, const Extent& extent) {
    TreeEntry rest{.logical = extent.logical,
                   .physical = extent.physical,
                   .count = extent.count,
                   .unwritten = extent.unwritten};
    while (rest.count > 0) {
        QUIRE_TRY_ASSIGN(ExtentPath path, ExtentPath::find(access, inode, rest.logical));
        TreeEntry part = rest;
        part.count = std::min(rest.count, path.high() - rest.logical);
        std::vector<TreeEntry> entries;
        const std::vector<TreeEntry>& old = path.leaf().entries;
        entries.reserve(old.size() + 1);
        auto next = old.begin();
        for (; next != old.end() && next->logical < part.logical; ++next)
            append_extent(entries, *next);
        append_extent(entries, part);
        for (; next != old.end(); ++next) append_extent(entries, *next);
        // What is written from its beginning on is cut at one place at a time, which finds room.
        QUIRE_TRY(path.replace_leaf(std::move(entries), part.unwritten ? 1 : 0));
        rest.logical += part.count;
        rest.physical += part.count;
        rest.count -= part.count;
    }
    return {};
}

Result<std::optional<std::uint64_t>> goal_beside(Access access, InodeRecord& inode,
                                                 std::uint64_t logical) {
    QUIRE_TRY_ASSIGN(const ExtentPath path, ExtentPath::find(access, inode, logical));
    if (path.leaf().entries.empty()) return std::nullopt;
    const TreeEntry& near = path.leaf().entries[path.leaf().chosen];
    if (near.logical > logical)
        return near.physical - std::min(near.physical, near.logical - logical);
    return near.physical + (logical - near.logical);
}

Result<void> convert_extents(Access access, InodeRecord& inode, std::uint64_t first,
                             std::uint64_t end) {
    std::uint64_t at = first;
    end = std::min(end, tree_end);
    while (at < end) {
        QUIRE_TRY_ASSIGN(ExtentPath path, ExtentPath::find(access, inode, at));
        std::vector<TreeEntry> entries;
        bool changes = false;
        for (const TreeEntry& entry : path.leaf().entries) {
            const std::uint64_t from = std::max(at, entry.logical);
            const std::uint64_t to = std::min(end, entry.end());
            if (!entry.unwritten || from >= to) {
                append_extent(entries, entry);
                continue;
            }
            changes = true;
            const auto piece = [&](std::uint64_t begin, std::uint64_t stop, bool unwritten) {
                if (begin < stop)
                    append_extent(entries, {.logical = begin,
                                            .physical = entry.physical + (begin - entry.logical),
                                            .count = stop - begin,
                                            .unwritten = unwritten});
            };
            piece(entry.logical, from, true);
            piece(from, to, false);
            piece(to, entry.end(), true);
        }
        at = path.high();
        if (changes) QUIRE_TRY(path.replace_leaf(std::move(entries)));
    }
    return {};
}

Result<PunchProgress> punch_extents(Access access, InodeRecord& inode, std::uint64_t first,
                                    std::uint64_t end, std::size_t budget) {
    end = std::min(end, tree_end);
    std::size_t spent = 0;
    while (first < end) {
        if (spent >= budget) return PunchProgress{.done = false, .remaining_end = end};
        QUIRE_TRY_ASSIGN(ExtentPath path, ExtentPath::find(access, inode, end - 1));
        std::uint64_t stop = std::max(first, path.low());
        std::vector<TreeEntry> entries = path.leaf().entries;
        std::vector<TreeEntry> kept_behind;
        std::vector<BlockRun> freed;
        // From the end of the leaf backwards: each extent may touch bitmaps of other groups.
        while (!entries.empty()) {
            const TreeEntry entry = entries.back();
            if (entry.end() <= stop) break;
            entries.pop_back();
            const std::uint64_t from = std::max(stop, entry.logical);
            const std::uint64_t to = std::min(end, entry.end());
            if (from >= to) {
                kept_behind.push_back(entry);
                continue;
            }
            if (to < entry.end()) {
                TreeEntry tail = entry;
                tail.logical = to;
                tail.physical += to - entry.logical;
                tail.count = entry.end() - to;
                kept_behind.push_back(tail);
            }
            if (from > entry.logical) {
                TreeEntry head = entry;
                head.count = from - entry.logical;
                entries.push_back(head);
            }
            freed.push_back({entry.physical + (from - entry.logical), to - from});
            if (spent + freed.size() >= budget) {
                stop = from;
                break;
            }
        }
        entries.insert(entries.end(), kept_behind.rbegin(), kept_behind.rend());
        end = stop;
        ++spent;
        if (freed.empty()) continue;
        spent += freed.size();
        QUIRE_TRY(path.replace_leaf(std::move(entries)));
        std::int64_t blocks = 0;
        for (const BlockRun& run : freed) {
            access.allocator.release(run, use_of(inode));
            blocks += static_cast<std::int64_t>(run.count);
        }
        QUIRE_TRY(inode.account(access.fs, -blocks));
    }
    return PunchProgress{};
}

}  // namespace quire::ext
