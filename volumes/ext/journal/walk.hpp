// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log_blocks.hpp"
#include "quire/volumes/ext/journal/overlay.hpp"

namespace quire::ext::journal {

/// A data block of the log that a committed transaction wants at a place of the filesystem.
struct Logged {
    std::uint64_t block = 0;
    std::uint32_t journal_block = 0;
    std::uint32_t age = 0;  // transactions since the log's first
    std::uint32_t checksum = 0;
    bool escaped = false;
};

/// A revoke block of a committed transaction.
struct RevokeBlock {
    std::uint32_t journal_block = 0;
    std::uint32_t age = 0;
};

/// The first pass over a log: which transactions were committed and what they consist of. The
/// log is walked once around at most, so its loops and lies end; memory grows with the
/// descriptor blocks that are really there.
class Walk {
public:
    Walk(const Map& map, const Superblock& superblock);

    /// Fails: as Device.
    Result<void> run();

    const std::vector<Logged>& logged() const { return logged_; }
    const std::vector<RevokeBlock>& revokes() const { return revokes_; }
    std::uint32_t end_transaction() const { return superblock_.sequence() + committed_; }
    bool torn() const { return torn_; }
    const std::optional<Damage>& damage() const { return damage_; }

private:
    /// What to do after a block: go on, or stop because the log ends here.
    enum class Next { go_on, stop };

    Result<Next> step();
    Result<Next> take_descriptor();
    void take_revokes(std::uint32_t journal_block);
    Next take_commit();
    Next stop_at_bad_commit();
    Next look_behind_bad_commit(format::BlockType type);
    Result<void> add_to_sum(std::size_t blocks);
    bool advance(std::size_t blocks);
    std::uint32_t transaction() const { return superblock_.sequence() + committed_; }
    Next damaged(std::string why);

    const Map& map_;
    const Superblock& superblock_;
    std::vector<std::byte> block_;
    std::vector<std::byte> data_;
    std::vector<Tag> tags_;
    std::uint32_t position_;
    std::uint64_t blocks_left_;
    std::uint32_t committed_ = 0;       // how many transactions were
    std::size_t committed_logged_ = 0;  // how much of logged_ belongs to them
    std::size_t committed_revokes_ = 0;
    std::uint32_t sum_;        // version 1: over the transaction so far
    bool suspicious_ = false;  // a descriptor or revoke block has a wrong checksum
    bool bad_commit_ = false;  // the transaction after the last has a wrong commit block
    std::uint64_t last_commit_seconds_ = 0;
    std::vector<Logged> logged_;
    std::vector<RevokeBlock> revokes_;
    bool torn_ = false;
    std::optional<Damage> damage_;
};

}  // namespace quire::ext::journal
