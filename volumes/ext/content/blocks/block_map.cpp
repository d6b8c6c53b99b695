// SPDX-License-Identifier: MIT

#include "content/blocks/block_map.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "content/block_io.hpp"
#include "content/blocks/extent_mapping.hpp"

namespace quire::ext {

namespace {

using Pointers = std::vector<std::uint32_t>;

constexpr std::size_t direct_pointers = EXT2_NDIR_BLOCKS;

std::uint64_t pointers_in_block(ext2_filsys fs) {
    return fs->blocksize / sizeof(std::uint32_t);
}

/// How many blocks of the file one pointer stands for: level 0 points to data.
std::uint64_t span_of(ext2_filsys fs, unsigned level) {
    std::uint64_t span = 1;
    for (unsigned i = 0; i < level; ++i) span *= pointers_in_block(fs);
    return span;
}

/// The pointers of the inode that are roots of trees: how deep, and where in the file they begin.
struct Root {
    std::size_t slot;
    unsigned level;
    std::uint64_t begin;
    std::uint64_t end;
};

std::vector<Root> roots_of(ext2_filsys fs) {
    std::vector<Root> roots;
    for (std::size_t slot = 0; slot < direct_pointers; ++slot)
        roots.push_back({slot, 0, slot, slot + 1});
    std::uint64_t begin = direct_pointers;
    for (unsigned level = 1; level <= 3; ++level) {
        const std::uint64_t end = begin + span_of(fs, level);
        roots.push_back({direct_pointers + level - 1, level, begin, end});
        begin = end;
    }
    return roots;
}

Result<Pointers> load(ext2_filsys fs, ext2_ino_t number, std::uint64_t block) {
    if (!is_inside(fs, block, 1))
        return corrupt_inode(number, "a block of pointers lies outside the filesystem");
    Pointers pointers(pointers_in_block(fs));
    QUIRE_TRY(read_blocks(fs, block, std::as_writable_bytes(std::span(pointers))));
    return pointers;
}

class Mapper {
public:
    Mapper(ext2_filsys fs, const InodeRecord& inode, std::uint64_t first, std::uint64_t end,
           std::size_t limit)
        : fs_(fs), inode_(inode), first_(first), end_(end), limit_(limit) {}

    /// Answers false when enough has been seen.
    Result<bool> visit(std::uint32_t pointer, unsigned level, std::uint64_t begin) {
        const std::uint64_t stop = begin + span_of(fs_, level);
        const std::uint64_t from = std::max(begin, first_);
        const std::uint64_t to = std::min(stop, end_);
        if (from >= to) return begin < end_;
        if (pointer == 0 || level == 0) {
            if (pointer != 0 && !is_inside(fs_, pointer, 1))
                return corrupt_inode(inode_.number(), "a block lies outside the filesystem");
            append_mapping(list, {.logical = from, .physical = pointer, .count = to - from});
            return list.size() <= limit_;
        }
        QUIRE_TRY_ASSIGN(const Pointers below, load(fs_, inode_.number(), pointer));
        const std::uint64_t span = span_of(fs_, level - 1);
        for (std::size_t i = (from - begin) / span; i < below.size(); ++i) {
            QUIRE_TRY_ASSIGN(const bool more, visit(below[i], level - 1, begin + i * span));
            if (!more) return false;
        }
        return true;
    }

    std::vector<Extent> list;

private:
    ext2_filsys fs_;
    const InodeRecord& inode_;
    std::uint64_t first_;
    std::uint64_t end_;
    std::size_t limit_;
};

/// The blocks of pointers on the way to one block of the file; those that are missing are made,
/// and unmade again when nothing came of it.
class Path {
public:
    Path(Access access, InodeRecord& inode, std::uint64_t goal)
        : access_(access), inode_(inode), goal_(goal) {}

    Result<void> find(std::uint64_t logical) {
        for (const Root& root : roots_of(access_.fs)) {
            if (logical >= root.end) continue;
            slot_ = root.slot;
            if (root.level == 0) {
                leaf_slot_ = root.slot;
                return {};
            }
            std::uint64_t rest = logical - root.begin;
            std::uint32_t* pointer = &inode_->i_block[slot_];
            for (unsigned level = root.level; level > 0; --level) {
                QUIRE_TRY(step(pointer));
                const std::uint64_t span = span_of(access_.fs, level - 1);
                leaf_slot_ = rest / span;
                rest %= span;
                pointer = &levels_[depth_ - 1].pointers[leaf_slot_];
            }
            return {};
        }
        return fail(std::errc::file_too_large);
    }

    /// The pointers to data from the wanted block on, up to the end of their block.
    std::span<std::uint32_t> slots() {
        if (depth_ == 0) return std::span(inode_->i_block).subspan(slot_, direct_pointers - slot_);
        return std::span(levels_[depth_ - 1].pointers).subspan(leaf_slot_);
    }

    Result<void> store() {
        if (depth_ > 0) levels_[depth_ - 1].dirty = true;
        for (std::size_t i = 0; i < depth_; ++i)
            if (levels_[i].dirty)
                QUIRE_TRY(write_blocks(access_.fs, levels_[i].block,
                                       std::as_bytes(std::span(levels_[i].pointers))));
        return {};
    }

    std::uint64_t made() const { return made_; }
    /// The block of pointers that stands before the wanted data, if there is any.
    std::uint64_t last_block() const { return depth_ > 0 ? levels_[depth_ - 1].block : 0; }

    /// Gives back what find() made. The caller puts the inode back.
    void undo() {
        for (std::size_t i = 0; i < depth_; ++i)
            if (levels_[i].fresh)
                access_.allocator.release({levels_[i].block, 1}, BlockUse::metadata);
    }

private:
    struct Level {
        std::uint64_t block = 0;
        Pointers pointers;
        bool fresh = false;
        bool dirty = false;
    };

    Result<void> step(std::uint32_t* pointer) {
        Level level;
        if (*pointer != 0) {
            QUIRE_TRY_ASSIGN(level.pointers, load(access_.fs, inode_.number(), *pointer));
            level.block = *pointer;
        } else {
            QUIRE_TRY_ASSIGN(level.block, make());
            level.pointers.resize(pointers_in_block(access_.fs));
            level.fresh = level.dirty = true;
            *pointer = static_cast<std::uint32_t>(level.block);
            if (depth_ > 0) levels_[depth_ - 1].dirty = true;
            ++made_;
        }
        levels_[depth_++] = std::move(level);
        return {};
    }

    Result<std::uint64_t> make() {
        const std::uint64_t goal = depth_ > 0 ? levels_[depth_ - 1].block + 1 : goal_;
        QUIRE_TRY_ASSIGN(const BlockRun run,
                         access_.allocator.allocate(goal, 1, BlockUse::metadata));
        if (run.start > std::numeric_limits<std::uint32_t>::max()) {
            access_.allocator.release(run, BlockUse::metadata);
            return fail(std::errc::no_space_on_device, "no block that a block map can name");
        }
        return run.start;
    }

    Access access_;
    InodeRecord& inode_;
    std::uint64_t goal_;
    std::size_t slot_ = 0;
    std::size_t leaf_slot_ = 0;
    std::array<Level, 3> levels_;
    std::size_t depth_ = 0;
    std::uint64_t made_ = 0;
};

class Puncher {
public:
    Puncher(Access access, const InodeRecord& inode, std::uint64_t first, std::uint64_t end,
            std::size_t budget)
        : access_(access),
          number_(inode.number()),
          use_(use_of(inode)),
          first_(first),
          end_(end),
          budget_(budget) {}

    /// Frees what lies below `pointer` inside the range, from the end on; the pointer becomes 0
    /// when nothing is left below it. Answers false when the budget is used up.
    Result<bool> visit(std::uint32_t& pointer, unsigned level, std::uint64_t begin) {
        const std::uint64_t stop = begin + span_of(access_.fs, level);
        if (stop <= first_ || begin >= end_) return true;
        if (pointer == 0) {
            end_ = std::max(begin, first_);
            return true;
        }
        if (level == 0) {
            if (!is_inside(access_.fs, pointer, 1))
                return corrupt_inode(number_, "a block lies outside the filesystem");
            release_content(pointer);
            pointer = 0;
            end_ = begin;
            return true;
        }
        if (spent_ >= budget_) return false;
        ++spent_;
        QUIRE_TRY_ASSIGN(Pointers below, load(access_.fs, number_, pointer));
        const Pointers before = below;
        const std::uint64_t span = span_of(access_.fs, level - 1);
        const std::uint64_t behind = (std::min(stop, end_) - begin + span - 1) / span;
        Result<bool> more = true;
        for (std::uint64_t i = behind; i-- > 0;) {
            more = visit(below[i], level - 1, begin + i * span);
            if (!more || !*more || begin + i * span <= first_) break;
        }
        // Also after an error: what was freed below must not stay named here.
        if (std::ranges::all_of(below, [](std::uint32_t p) { return p == 0; })) {
            freed_.push_back({{pointer, 1}, BlockUse::metadata});
            ++blocks;
            pointer = 0;
        } else if (below != before) {
            QUIRE_TRY(write_blocks(access_.fs, pointer, std::as_bytes(std::span(below))));
        }
        return more;
    }

    /// Hands the blocks back, now that nothing names them.
    void release() {
        for (const auto& [run, use] : freed_) access_.allocator.release(run, use);
    }

    std::uint64_t end() const { return end_; }

    std::int64_t blocks = 0;

private:
    struct Freed {
        BlockRun run;
        BlockUse use;
    };

    void release_content(std::uint64_t block) {
        ++blocks;
        // The walk goes backwards, so a run grows at its front.
        if (!freed_.empty() && freed_.back().use == use_ && block + 1 == freed_.back().run.start) {
            --freed_.back().run.start;
            ++freed_.back().run.count;
            return;
        }
        freed_.push_back({{block, 1}, use_});
    }

    Access access_;
    ext2_ino_t number_;
    BlockUse use_;
    std::uint64_t first_;
    std::uint64_t end_;
    std::size_t budget_;
    std::size_t spent_ = 0;
    std::vector<Freed> freed_;
};

}  // namespace

std::uint64_t mapped_by_pointers(ext2_filsys fs) {
    return roots_of(fs).back().end;
}

Result<std::vector<Extent>> map_pointers(ext2_filsys fs, const InodeRecord& inode,
                                         std::uint64_t first, std::uint64_t end,
                                         std::size_t limit) {
    Mapper mapper(fs, inode, first, end, limit);
    for (const Root& root : roots_of(fs)) {
        QUIRE_TRY_ASSIGN(const bool more,
                         mapper.visit(inode->i_block[root.slot], root.level, root.begin));
        if (!more) break;
    }
    const std::uint64_t behind = std::max(first, mapped_by_pointers(fs));
    if (behind < end && mapper.list.size() <= limit)
        append_mapping(mapper.list, {.logical = behind, .count = end - behind});
    if (mapper.list.size() > limit) mapper.list.resize(limit);
    return std::move(mapper.list);
}

Result<Extent> fill_pointers(Access access, InodeRecord& inode, std::uint64_t first,
                             std::uint64_t end, std::uint64_t goal) {
    const BlockUse use = use_of(inode);
    const InodeRecord before = inode;
    Path path(access, inode, goal);
    const auto give_up = [&](Error error) {
        path.undo();
        inode = before;
        return fail(std::move(error));
    };
    if (auto found = path.find(first); !found) return give_up(std::move(found).error());
    const std::span<std::uint32_t> slots = path.slots();
    const auto hole = static_cast<std::uint64_t>(
        std::ranges::find_if(slots, [](std::uint32_t p) { return p != 0; }) - slots.begin());
    if (hole == 0) return give_up(corrupt_inode(inode.number(), "its block map changed").error());
    if (path.made() > 0 && path.last_block() == goal) ++goal;
    auto run = access.allocator.allocate(goal, std::min(hole, end - first), use);
    if (!run) return give_up(std::move(run).error());
    const auto undo_run = [&](Error error) {
        access.allocator.release(*run, use);
        return give_up(std::move(error));
    };
    if (run->start + run->count - 1 > std::numeric_limits<std::uint32_t>::max())
        return undo_run(Error(std::errc::no_space_on_device, "no block that a block map can name"));
    if (auto counted =
            inode.account(access.fs, static_cast<std::int64_t>(run->count + path.made()));
        !counted)
        return undo_run(std::move(counted).error());
    for (std::uint64_t i = 0; i < run->count; ++i)
        slots[i] = static_cast<std::uint32_t>(run->start + i);
    QUIRE_TRY(path.store());
    return Extent{.logical = first, .physical = run->start, .count = run->count, .fresh = true};
}

Result<PunchProgress> punch_pointers(Access access, InodeRecord& inode, std::uint64_t first,
                                     std::uint64_t end, std::size_t budget) {
    const std::vector<Root> roots = roots_of(access.fs);
    end = std::min(end, roots.back().end);
    Puncher puncher(access, inode, first, end, budget);
    Result<bool> more = true;
    for (auto root = roots.rbegin(); root != roots.rend(); ++root) {
        std::uint32_t pointer = inode->i_block[root->slot];
        more = puncher.visit(pointer, root->level, root->begin);
        inode->i_block[root->slot] = pointer;
        if (!more || !*more) break;
    }
    QUIRE_TRY(inode.account(access.fs, -puncher.blocks));
    puncher.release();
    if (!more) return fail(std::move(more).error());
    return PunchProgress{.done = *more, .remaining_end = *more ? 0 : puncher.end()};
}

}  // namespace quire::ext
