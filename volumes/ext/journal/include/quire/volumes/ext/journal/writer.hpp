// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "quire/base/result.hpp"
#include "quire/base/time.hpp"
#include "quire/volumes/ext/journal/map.hpp"
#include "quire/volumes/ext/journal/superblock.hpp"

namespace quire::ext::journal {

/// A filesystem block and its new content, one block long.
struct BlockWrite {
    std::uint64_t block = 0;
    const std::byte* bytes = nullptr;
};

/// What becomes true together or not at all.
struct Transaction {
    std::span<const BlockWrite> writes;
    /// Metadata blocks that this transaction frees: no older content of theirs may reach the
    /// device again. A block that is also among the writes is in use again and is not revoked.
    std::span<const std::uint64_t> revokes;
    Time time;
};

/// Writes transactions to a journal, as jbd2 does, and brings their blocks to their places later
/// (checkpoints). It keeps the newest committed content of each block that is not in its place
/// yet: until then a read of that block must come from find(), not from the device.
///
/// The caller's side of crash safety:
/// - File data that a transaction makes reachable is written to the device before commit(),
///   whose first flush covers it.
/// - The filesystem's needs-recovery flag is written to the device before the first commit() (the
///   same flush covers it), stays set in every copy of its superblock that is committed, and is
///   cleared only after close().
/// - Blocks that a transaction frees are used again only after its commit() has returned.
/// - The device blocks that are committed are not written otherwise.
///
/// After a failed commit(), checkpoint() or close() nothing is known about what reached the
/// medium: every later call fails alike, and the device must be opened and recovered anew.
/// Threads: one call at a time; find() together with find().
class Writer {
public:
    struct Options {
        /// The filesystem has the feature 64bit.
        bool wide_blocks = false;
        /// The filesystem has metadata checksums: the journal gets them too if it has none.
        bool checksums = false;
        /// How much committed content may wait in memory for its checkpoint.
        std::size_t memory_budget = std::size_t{16} << 20;
    };

    /// Takes a journal over. Nothing is written before the first commit.
    /// Needs: a clean superblock (recover() makes it so).
    /// Fails: device_or_resource_busy (not clean), read_only_file_system (the device).
    static Result<std::unique_ptr<Writer>> open(const Map& map, const Superblock& superblock,
                                                Options options);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// How many block writes fit into one transaction that revokes nothing.
    std::size_t max_transaction_blocks() const;
    /// Whether one transaction can hold this much.
    bool fits(std::size_t writes, std::size_t revokes) const;

    /// Commits. An empty transaction is a flush.
    /// Needs: the bytes to stay as they are during the call; each block named once.
    /// Fails: no_buffer_space (it does not fit; nothing was written), invalid_argument (a block
    /// outside the filesystem or of the journal itself; nothing was written), as Device.
    /// Durable: on return, with everything that was written to the device before.
    Result<void> commit(const Transaction& transaction);

    /// The newest committed content of a block that is not in its place yet, or null.
    /// The pointer holds until the next commit(), checkpoint() or close().
    const std::byte* find(std::uint64_t block) const;

    /// Says that the transaction that is committed next frees a metadata block: the same as
    /// naming it among that transaction's revokes.
    void forget(std::uint64_t block);

    /// Brings everything committed to its place. Durable: on return.
    /// Fails: as Device.
    Result<void> checkpoint();

    /// checkpoint(), then marks the log empty. The writer accepts nothing more.
    /// Fails: as Device.
    /// Durable: on return.
    Result<void> close();

private:
    struct State;
    explicit Writer(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace quire::ext::journal
