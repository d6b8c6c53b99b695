// SPDX-License-Identifier: MIT

#include <algorithm>
#include <vector>

#include "format.hpp"
#include "quire/volumes/ext/journal/overlay.hpp"

namespace quire::ext::journal {

namespace {

constexpr std::size_t batch_bytes = std::size_t{1} << 20;

/// Copies some blocks of the log to their places, neighbours together.
Result<void> copy(const Map& map, std::span<const Overlay::Entry> entries,
                  std::span<std::byte> memory) {
    const std::size_t size = map.block_size();
    std::vector<block::ReadRun> reads;
    std::vector<block::WriteRun> writes;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const Overlay::Entry& entry = entries[i];
        const auto piece = memory.subspan(i * size, size);
        reads.push_back({map.device_block(entry.journal_block) * size, piece});
        if (i > 0 && entries[i - 1].block + 1 == entry.block)
            writes.back().memory = {writes.back().memory.data(),
                                    writes.back().memory.size() + size};
        else
            writes.push_back({entry.block * size, piece});
    }
    std::ranges::sort(reads, {}, &block::ReadRun::offset);
    QUIRE_TRY(map.device().read_runs(reads));
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (entries[i].escaped)
            format::store(memory.subspan(i * size, size), format::magic_offset, format::magic);
    return map.device().write_runs(writes);
}

}  // namespace

// A crash before the first flush leaves the log as it was: replaying again writes the same blocks
// with the same content, since nothing here writes to the log's own blocks. After that flush the
// blocks are in place, and the superblock may reach the medium or not: both are right.
//
// The new transaction number is one beyond the torn transaction's, whose blocks are still in the
// log: whoever starts next there (jbd2 and our writer add one more) never uses a number that a
// block of the log already bears.
Result<void> recover(const Map& map, Superblock& superblock, const Overlay& overlay) {
    if (superblock.clean()) return {};
    if (overlay.damage()) return fail(std::errc::bad_message, overlay.damage()->sentence);
    const std::size_t batch = std::max<std::size_t>(1, batch_bytes / map.block_size());
    std::vector<std::byte> memory(std::min(batch, overlay.entries().size()) * map.block_size());
    for (auto rest = overlay.entries(); !rest.empty();) {
        const auto some = rest.first(std::min(batch, rest.size()));
        QUIRE_TRY(copy(map, some, memory));
        rest = rest.subspan(some.size());
    }
    QUIRE_TRY(map.device().flush());
    superblock.set_log(0, overlay.end_transaction() + 1);
    QUIRE_TRY(superblock.write(map));
    return map.device().flush();
}

}  // namespace quire::ext::journal
