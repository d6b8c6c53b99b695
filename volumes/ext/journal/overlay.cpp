// SPDX-License-Identifier: MIT

#include "quire/volumes/ext/journal/overlay.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "walk.hpp"

namespace quire::ext::journal {

namespace {

constexpr std::size_t read_ahead_blocks = 64;

/// What is known about one block of the filesystem that the log has copies of.
struct Target {
    std::uint64_t block = 0;
    std::int64_t revoked_by = -1;  // the age of the last transaction that revokes it
    std::optional<Overlay::Entry> newest;
};

/// Reads data blocks of a log that are wanted in about the log's order.
class Window {
public:
    explicit Window(const Map& map) : map_(map) {}

    Result<std::span<const std::byte>> block(std::uint32_t journal_block) {
        const std::size_t size = map_.block_size();
        if (journal_block < begin_ || journal_block - begin_ >= bytes_.size() / size) {
            const std::size_t count =
                std::min<std::size_t>(read_ahead_blocks, map_.size() - journal_block);
            bytes_.resize(count * size);
            begin_ = journal_block;
            if (auto done = map_.read(journal_block, bytes_); !done) {
                bytes_.clear();
                return fail(std::move(done).error());
            }
        }
        return std::span<const std::byte>(bytes_).subspan((journal_block - begin_) * size, size);
    }

private:
    const Map& map_;
    std::uint32_t begin_ = 0;
    std::vector<std::byte> bytes_;
};

std::vector<Target> targets_of(const std::vector<Logged>& logged) {
    std::vector<std::uint64_t> blocks;
    blocks.reserve(logged.size());
    for (const Logged& copy : logged) blocks.push_back(copy.block);
    std::ranges::sort(blocks);
    const auto rest = std::ranges::unique(blocks);
    blocks.erase(rest.begin(), rest.end());
    std::vector<Target> targets;
    targets.reserve(blocks.size());
    for (const std::uint64_t block : blocks) targets.push_back({block, -1, {}});
    return targets;
}

Target* find_target(std::vector<Target>& targets, std::uint64_t block) {
    const auto at = std::ranges::lower_bound(targets, block, {}, &Target::block);
    return at != targets.end() && at->block == block ? &*at : nullptr;
}

}  // namespace

/// Turns what a walk found into an overlay: applies the revokes, checks the data.
class Scan {
public:
    Scan(const Map& map, const Superblock& superblock) : map_(map), superblock_(superblock) {}

    Result<Overlay> run() {
        Overlay overlay;
        overlay.end_transaction_ = superblock_.sequence();
        if (superblock_.clean()) return overlay;
        Walk walk(map_, superblock_);
        QUIRE_TRY(walk.run());
        overlay.end_transaction_ = walk.end_transaction();
        overlay.torn_ = walk.torn();
        damage_ = walk.damage();
        QUIRE_TRY(refuse_fast_commits(walk.end_transaction()));
        auto targets = targets_of(walk.logged());
        QUIRE_TRY(apply_revokes(walk.revokes(), targets));
        QUIRE_TRY(place(walk.logged(), targets));
        for (const Target& target : targets)
            if (target.newest) overlay.entries_.push_back(*target.newest);
        overlay.damage_ = std::move(damage_);
        return overlay;
    }

private:
    /// Fast commits begin in the block behind the first that is reserved for them, with a tag
    /// (little-endian: type 9, length, features) that names the transaction they precede. Others
    /// are leftovers.
    Result<void> refuse_fast_commits(std::uint32_t transaction) {
        if (!superblock_.has_incompatible(feature::fast_commit) ||
            superblock_.end() + 1 >= map_.size())
            return {};
        std::vector<std::byte> block(map_.block_size());
        QUIRE_TRY(map_.read(superblock_.end() + 1, block));
        const auto little = [&block](std::size_t offset) {
            return std::byteswap(format::load<std::uint32_t>(block, offset));
        };
        if ((little(0) & 0xFFFF) == 9 && little(8) == transaction)
            return fail(std::errc::operation_not_supported,
                        "the journal holds fast commits, which only the kernel and e2fsck replay");
        return {};
    }

    /// Numbers that no tag of this log names are dropped at once: a log full of revokes must not
    /// fill memory.
    Result<void> apply_revokes(const std::vector<RevokeBlock>& revokes,
                               std::vector<Target>& targets) {
        std::vector<std::byte> block(map_.block_size());
        for (const RevokeBlock& revoke : revokes) {
            QUIRE_TRY(map_.read(revoke.journal_block, block));
            const auto numbers = read_revokes(superblock_, block);
            if (!numbers) {
                damaged(revoke.age, "has a revoke block with an impossible count");
                continue;
            }
            for (const std::uint64_t number : *numbers)
                if (Target* target = find_target(targets, number))
                    target->revoked_by = std::max<std::int64_t>(target->revoked_by, revoke.age);
        }
        return {};
    }

    Result<void> place(const std::vector<Logged>& logged, std::vector<Target>& targets) {
        Window window(map_);
        const std::uint32_t seed = superblock_.checksum_seed();
        for (const Logged& copy : logged) {
            Target& target = *find_target(targets, copy.block);
            if (copy.age <= target.revoked_by) continue;
            if (copy.block >= map_.filesystem_blocks()) {
                damaged(copy.age, fmt::format("names block {} outside the filesystem", copy.block));
                continue;
            }
            if (map_.owns(copy.block)) {
                damaged(copy.age, fmt::format("names block {} of the journal itself", copy.block));
                continue;
            }
            if (superblock_.tail_size() != 0) {
                QUIRE_TRY_ASSIGN(const auto data, window.block(copy.journal_block));
                if (data_checksum(superblock_, seed, superblock_.sequence() + copy.age, data) !=
                    copy.checksum) {
                    damaged(copy.age, fmt::format("has a wrong checksum for block {}", copy.block));
                    continue;
                }
            }
            target.newest = Overlay::Entry{copy.block, copy.journal_block, copy.escaped};
        }
        return {};
    }

    void damaged(std::uint32_t age, const std::string& what) {
        const std::uint32_t transaction = superblock_.sequence() + age;
        if (!damage_)
            damage_ = Damage{transaction,
                             fmt::format("transaction {} of the journal {}", transaction, what)};
    }

    const Map& map_;
    const Superblock& superblock_;
    std::optional<Damage> damage_;
};

Result<Overlay> Overlay::scan(const Map& map, const Superblock& superblock) {
    return Scan(map, superblock).run();
}

const Overlay::Entry* Overlay::next(std::uint64_t block) const {
    const auto at = std::ranges::lower_bound(entries_, block, {}, &Entry::block);
    return at == entries_.end() ? nullptr : &*at;
}

Result<bool> Overlay::read(const Map& map, std::uint64_t block, std::span<std::byte> memory) const {
    const Entry* entry = next(block);
    if (!entry || entry->block != block) return false;
    QUIRE_TRY(map.read(entry->journal_block, memory));
    if (entry->escaped) format::store(memory, format::magic_offset, format::magic);
    return true;
}

}  // namespace quire::ext::journal
