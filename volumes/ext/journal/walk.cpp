// SPDX-License-Identifier: MIT

// Where does a log end? A crash cuts it anywhere, and behind the cut lies what an older round of
// the log left. A transaction counts when its commit block is there; but blocks of older rounds,
// or of a filesystem that lay here before, can look like a continuation. What tells them apart is
// the transaction number, then the checksums, and where those fail the time of the commit: a
// commit older than the one before it is a leftover, one that is not older was ours and is
// damaged. These are jbd2's rules, so that we end where the kernel and e2fsck end.

#include <fmt/core.h>

#include <algorithm>

#include "checksum.hpp"
#include "walk.hpp"

namespace quire::ext::journal {

Walk::Walk(const Map& map, const Superblock& superblock)
    : map_(map),
      superblock_(superblock),
      block_(map.block_size()),
      position_(superblock.start()),
      blocks_left_(superblock.end() - superblock.first()),
      sum_(checksum_start) {}

Result<void> Walk::run() {
    for (;;) {
        QUIRE_TRY_ASSIGN(const Next next, step());
        if (next == Next::stop) break;
    }
    if (logged_.size() > committed_logged_ || revokes_.size() > committed_revokes_) torn_ = true;
    logged_.resize(committed_logged_);
    revokes_.resize(committed_revokes_);
    return {};
}

/// Moves over blocks of the log; false when that would go further than once around.
bool Walk::advance(std::size_t blocks) {
    if (blocks > blocks_left_) return false;
    blocks_left_ -= blocks;
    const std::uint64_t length = superblock_.end() - superblock_.first();
    position_ = superblock_.first() +
                static_cast<std::uint32_t>((position_ - superblock_.first() + blocks) % length);
    return true;
}

Walk::Next Walk::damaged(std::string why) {
    if (!damage_) damage_ = Damage{transaction(), std::move(why)};
    return Next::stop;
}

Result<Walk::Next> Walk::step() {
    const std::uint32_t here = position_;
    if (!advance(1)) return Next::stop;
    QUIRE_TRY(map_.read(here, block_));
    const auto header = read_header(block_);
    if (!header) return Next::stop;
    if (header->transaction != transaction() + (bad_commit_ ? 1 : 0)) return Next::stop;
    if (bad_commit_) return look_behind_bad_commit(header->type);
    switch (header->type) {
        case format::BlockType::descriptor:
            return take_descriptor();
        case format::BlockType::revoke:
            take_revokes(here);
            return Next::go_on;
        case format::BlockType::commit:
            return take_commit();
        default:
            return Next::stop;
    }
}

Result<Walk::Next> Walk::take_descriptor() {
    if (!tail_is_right(superblock_, block_)) suspicious_ = true;
    read_tags(superblock_, block_, tags_);
    const std::size_t count = tags_.size();
    if (count > blocks_left_) return Next::stop;
    if (superblock_.checksums() == Checksums::v1) {
        sum_ = crc32_forward(sum_, block_);
        QUIRE_TRY(add_to_sum(count));
    }
    for (const Tag& tag : tags_) {
        logged_.push_back({tag.block, position_, committed_, tag.checksum, tag.escaped});
        advance(1);
    }
    return Next::go_on;
}

/// Version 1 has one sum over all of a transaction, so that its data is read here already.
Result<void> Walk::add_to_sum(std::size_t blocks) {
    std::uint32_t at = position_;
    while (blocks > 0) {
        const std::size_t run = std::min<std::size_t>({blocks, superblock_.end() - at, 64});
        data_.resize(run * map_.block_size());
        QUIRE_TRY(map_.read(at, data_));
        sum_ = crc32_forward(sum_, data_);
        blocks -= run;
        at += static_cast<std::uint32_t>(run);
        if (at == superblock_.end()) at = superblock_.first();
    }
    return {};
}

void Walk::take_revokes(std::uint32_t journal_block) {
    if (!tail_is_right(superblock_, block_)) suspicious_ = true;
    revokes_.push_back({journal_block, committed_});
}

Walk::Next Walk::take_commit() {
    const std::uint64_t seconds = commit_seconds(block_);
    const bool older = seconds < last_commit_seconds_;
    if (suspicious_) {
        if (older) return Next::stop;
        return damaged(fmt::format(
            "transaction {} of the journal has a block with a wrong checksum", transaction()));
    }
    const bool agrees = superblock_.checksums() != Checksums::v1 || commit_agrees(block_, sum_);
    if (!agrees || !commit_is_right(superblock_, block_))
        return older ? Next::stop : stop_at_bad_commit();
    last_commit_seconds_ = seconds;
    sum_ = checksum_start;
    ++committed_;
    committed_logged_ = logged_.size();
    committed_revokes_ = revokes_.size();
    return Next::go_on;
}

/// A commit block that does not agree is what a crash during its writing leaves, unless the next
/// transaction is there: then this one was whole once. So one more look.
Walk::Next Walk::stop_at_bad_commit() {
    bad_commit_ = true;
    torn_ = true;
    return Next::go_on;
}

/// Without async_commit nothing of a transaction is written before its predecessor is durable;
/// with it, only the next commit block proves that.
Walk::Next Walk::look_behind_bad_commit(format::BlockType type) {
    const bool proves =
        !superblock_.has_incompatible(feature::async_commit) || type == format::BlockType::commit;
    if (proves) {
        torn_ = false;
        return damaged(
            fmt::format("transaction {} of the journal has a wrong checksum and others follow it",
                        transaction()));
    }
    if (type == format::BlockType::descriptor) {
        read_tags(superblock_, block_, tags_);
        return advance(tags_.size()) ? Next::go_on : Next::stop;
    }
    return Next::go_on;
}

}  // namespace quire::ext::journal
