// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/volumes/ext/journal/map.hpp"
#include "quire/volumes/ext/journal/superblock.hpp"

namespace quire::ext::journal {

/// What makes a log untrustworthy: something was committed and is not what it was.
struct Damage {
    std::uint32_t transaction = 0;
    std::string sentence;
};

/// What replaying a log would put where: for each block of the filesystem that the committed
/// transactions changed, the journal block that holds its newest content. Whoever only reads an
/// unclean image reads through this and leaves the device alone; whoever writes calls recover().
///
/// Threads: any, once scanned.
class Overlay {
public:
    struct Entry {
        std::uint64_t block = 0;          // of the filesystem
        std::uint32_t journal_block = 0;  // that holds its content
        bool escaped = false;             // the content's first word was zeroed in the log
        friend bool operator==(const Entry&, const Entry&) = default;
    };

    /// Walks the log once around at most. A transaction without its commit block is what a crash
    /// leaves: it and what follows are left out. Anything worse is told by damage(), and what
    /// can still be trusted is in the overlay.
    /// Fails: as Device; operation_not_supported (the log holds fast commits).
    static Result<Overlay> scan(const Map& map, const Superblock& superblock);

    bool empty() const { return entries_.empty(); }
    /// In the order of their blocks, each block once.
    std::span<const Entry> entries() const { return entries_; }
    /// The first entry at or after a block, or nothing.
    const Entry* next(std::uint64_t block) const;

    /// Reads one block's newest content from the journal; false when the log does not have it
    /// and the block itself is the newest.
    /// Needs: memory of one block; the device that was scanned, its journal unchanged.
    /// Fails: as Device.
    Result<bool> read(const Map& map, std::uint64_t block, std::span<std::byte> memory) const;

    /// The first transaction that is not part of this: the log continues after it.
    std::uint32_t end_transaction() const { return end_transaction_; }
    /// True when the log ends in a transaction that was begun and not committed.
    bool torn() const { return torn_; }
    const std::optional<Damage>& damage() const { return damage_; }

private:
    friend class Scan;
    std::vector<Entry> entries_;
    std::uint32_t end_transaction_ = 0;
    bool torn_ = false;
    std::optional<Damage> damage_;
};

/// Replays for real: writes every block of the overlay to its place, flushes, and then marks the
/// log empty, with a transaction number that nothing in the log bears. May be repeated after a
/// crash at any point. The filesystem's own needs-recovery flag is the caller's to clear, after.
///
/// Needs: an overlay scanned from this map and superblock, nothing written since.
/// Fails: bad_message (the overlay is damaged: e2fsck decides what to keep); as Device.
/// Durable: on return.
Result<void> recover(const Map& map, Superblock& superblock, const Overlay& overlay);

}  // namespace quire::ext::journal
