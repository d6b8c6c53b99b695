// SPDX-License-Identifier: MIT

// What reaches the medium between two flushes gets there in any order or not at all. So each step
// below asks what a crash leaves when any part of what is not flushed yet is there:
//
// 1. commit, before its first flush: the log behind the head is partly written, and the journal's
//    superblock may be (the first commit makes it live, a checkpoint moves its start). No commit
//    block with this transaction's number is in the log, because numbers only grow, from one that
//    no block of the log bears: so replay ends before this transaction, wherever it starts.
//    The log's free space is all that is written, and free is only what lies outside the log that
//    a superblock on the medium may start from.
// 2. commit, before its second flush: only the commit block is unsure. With it the transaction
//    counts and all it consists of is durable; without it, nothing of it counts.
// 3. checkpoint, before its flush: blocks of committed transactions are partly in place; the log
//    still has them all, and replay writes the newest of each.
// 4. checkpoint, after it: the superblock's new start is written, and not flushed. With the old one
//    replay writes again what is in place already. The space in front of the new start becomes
//    free with the next flush, whoever makes it (the first flush of a commit, mostly).
//
// Freed blocks: a block that a committed transaction freed may hold a file's data at once, written
// in its place past the journal. So its older copies must not come back: the waiting copy in memory
// is dropped when the commit is durable, and the freeing transaction revokes the block when the log
// has a copy of it. Copies in front of a start that a checkpoint has written but not flushed need no
// revoke: the commit's first flush makes that start durable, before the commit can count.

#include "quire/volumes/ext/journal/writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "log_blocks.hpp"
#include "transaction_image.hpp"

namespace quire::ext::journal {

struct Writer::State {
    State(const Map& journal, const Superblock& its_superblock, Options its_options)
        : map(journal), superblock(its_superblock), options(its_options) {}

    std::size_t capacity() const;
    bool fits(std::size_t writes, std::size_t revokes) const;
    Result<void> check(const Transaction& transaction) const;
    std::vector<std::uint64_t> revokes_of(const Transaction& transaction) const;
    Result<void> make_room(std::size_t log_blocks, std::size_t writes);
    Result<void> write_log(const TransactionImage& image);
    Result<void> flush();
    void adopt(const Transaction& transaction);
    Result<void> checkpoint();
    Result<void> write_in_place();
    Result<void> close();
    /// Remembers a failure: what the medium holds is unknown from then on.
    Result<void> settle(Result<void> result);

    const Map map;
    Superblock superblock;
    const Options options;
    bool live = false;              // the superblock on the medium starts somewhere
    std::uint32_t head = 0;         // where the next transaction begins
    std::uint32_t transaction = 0;  // its number
    std::uint32_t used = 0;         // log blocks between the start on the medium and the head
    std::uint32_t released = 0;     // how many of them the next flush frees
    /// Committed and not in place yet.
    std::unordered_map<std::uint64_t, std::unique_ptr<std::byte[]>> waiting;
    /// Blocks with a copy in the log behind its newest start.
    std::unordered_set<std::uint64_t> logged;
    std::unordered_set<std::uint64_t> forgotten;
    std::optional<Error> ended;
};

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::~Writer() = default;

Result<std::unique_ptr<Writer>> Writer::open(const Map& map, const Superblock& superblock,
                                             Options options) {
    if (!superblock.clean())
        return fail(std::errc::device_or_resource_busy, "the journal has not been replayed");
    if (!map.device().geometry().writable)
        return fail(std::errc::read_only_file_system,
                    fmt::format("{} is not writable", map.device().describe()));
    auto state = std::make_unique<State>(map, superblock, options);
    std::uint32_t features = feature::revoke;
    if (options.wide_blocks) features |= feature::wide_blocks;
    if (options.checksums && superblock.checksums() == Checksums::none)
        features |= feature::checksum_v3;
    state->superblock.add_incompatible(features);
    state->head = superblock.first();
    // The number after the superblock's: the convention of everyone who recovers or closes a log.
    state->transaction = superblock.sequence() + 1;
    return std::unique_ptr<Writer>(new Writer(std::move(state)));
}

std::size_t Writer::State::capacity() const {
    // One block stays free, so that a full log never looks like an empty one.
    return superblock.end() - superblock.first() - 1;
}

bool Writer::State::fits(std::size_t writes, std::size_t revokes) const {
    const std::size_t most = capacity();
    return writes <= most && revokes <= std::numeric_limits<std::uint32_t>::max() &&
           log_blocks_of(superblock, writes, revokes) <= most;
}

Result<void> Writer::State::settle(Result<void> result) {
    if (!result && !ended) ended = result.error();
    return result;
}

Result<void> Writer::State::check(const Transaction& wanted) const {
    const bool wide = superblock.has_incompatible(feature::wide_blocks);
    for (const BlockWrite& write : wanted.writes) {
        if (write.block >= map.filesystem_blocks() || map.owns(write.block) ||
            (!wide && write.block > std::numeric_limits<std::uint32_t>::max()))
            return fail(std::errc::invalid_argument,
                        fmt::format("block {} cannot be journaled", write.block));
    }
    return {};
}

/// What is to be revoked: freed, not in use again, and in the log. Sorted.
std::vector<std::uint64_t> Writer::State::revokes_of(const Transaction& wanted) const {
    std::vector<std::uint64_t> revokes;
    const auto add = [&](std::uint64_t block) {
        if (logged.contains(block)) revokes.push_back(block);
    };
    std::ranges::for_each(wanted.revokes, add);
    std::ranges::for_each(forgotten, add);
    if (revokes.empty()) return revokes;
    std::ranges::sort(revokes);
    const auto rest = std::ranges::unique(revokes);
    revokes.erase(rest.begin(), rest.end());
    // Replay would not write a block that its own transaction revokes.
    std::unordered_set<std::uint64_t> written;
    for (const BlockWrite& write : wanted.writes) written.insert(write.block);
    std::erase_if(revokes, [&](std::uint64_t block) { return written.contains(block); });
    return revokes;
}

Result<void> Writer::State::flush() {
    QUIRE_TRY(map.device().flush());
    used -= std::exchange(released, 0);
    return {};
}

Result<void> Writer::State::make_room(std::size_t log_blocks, std::size_t writes) {
    const std::size_t budget = options.memory_budget / map.block_size();
    if (used + log_blocks <= capacity() && waiting.size() + writes <= budget) return {};
    QUIRE_TRY(checkpoint());
    if (used + log_blocks > capacity()) QUIRE_TRY(flush());
    return {};
}

Result<void> Writer::State::write_log(const TransactionImage& image) {
    const std::size_t size = map.block_size();
    std::vector<block::WriteRun> runs;
    runs.reserve(image.blocks().size());
    std::uint32_t at = head;
    const auto step = [&] {
        const std::uint64_t offset = map.device_block(at) * size;
        if (++at == superblock.end()) at = superblock.first();
        return offset;
    };
    for (const auto& block : image.blocks()) runs.push_back({step(), block});
    QUIRE_TRY(map.device().write_runs(runs));
    if (!live) {
        superblock.set_log(head, transaction);
        QUIRE_TRY(superblock.write(map));
    }
    QUIRE_TRY(flush());
    live = true;
    QUIRE_TRY(map.device().write(step(), image.commit()));
    QUIRE_TRY(flush());
    used += static_cast<std::uint32_t>(image.blocks().size() + 1);
    head = at;
    return {};
}

void Writer::State::adopt(const Transaction& wanted) {
    for (const std::uint64_t block : wanted.revokes) waiting.erase(block);
    for (const std::uint64_t block : forgotten) waiting.erase(block);
    forgotten.clear();
    for (const BlockWrite& write : wanted.writes) {
        auto& copy = waiting[write.block];
        if (!copy) copy = std::make_unique_for_overwrite<std::byte[]>(map.block_size());
        std::memcpy(copy.get(), write.bytes, map.block_size());
        logged.insert(write.block);
    }
    ++transaction;
}

Result<void> Writer::State::write_in_place() {
    const std::size_t size = map.block_size();
    std::vector<block::WriteRun> runs;
    runs.reserve(waiting.size());
    for (const auto& [block, bytes] : waiting) runs.push_back({block * size, {bytes.get(), size}});
    std::ranges::sort(runs, {}, &block::WriteRun::offset);
    QUIRE_TRY(map.device().write_runs(runs));
    QUIRE_TRY(flush());
    waiting.clear();
    return {};
}

Result<void> Writer::State::checkpoint() {
    if (used == released) return {};
    QUIRE_TRY(write_in_place());
    superblock.set_log(head, transaction);
    QUIRE_TRY(superblock.write(map));
    released = used;
    logged.clear();
    return {};
}

Result<void> Writer::State::close() {
    if (!live) return {};
    QUIRE_TRY(write_in_place());
    superblock.set_log(0, transaction);
    QUIRE_TRY(superblock.write(map));
    return map.device().flush();
}

std::size_t Writer::max_transaction_blocks() const {
    const std::size_t most = state_->capacity();
    const std::size_t tags = tags_per_block(state_->superblock);
    // Each full descriptor block takes one block beside its data, and so may the last.
    std::size_t writes = most > 2 ? (most - 2) * tags / (tags + 1) : 0;
    while (fits(writes + 1, 0)) ++writes;
    return writes;
}

bool Writer::fits(std::size_t writes, std::size_t revokes) const {
    return state_->fits(writes, revokes);
}

Result<void> Writer::commit(const Transaction& wanted) {
    State& state = *state_;
    if (state.ended) return fail(*state.ended);
    QUIRE_TRY(state.check(wanted));
    auto revokes = state.revokes_of(wanted);
    if (!state.fits(wanted.writes.size(), revokes.size()))
        return fail(std::errc::no_buffer_space,
                    fmt::format("a change of {} blocks does not fit into the journal",
                                wanted.writes.size()));
    if (wanted.writes.empty() && revokes.empty()) {
        QUIRE_TRY(state.settle(state.flush()));
        state.forgotten.clear();
        return {};
    }
    const std::size_t blocks =
        log_blocks_of(state.superblock, wanted.writes.size(), revokes.size());
    QUIRE_TRY(state.settle(state.make_room(blocks, wanted.writes.size())));
    const TransactionImage image(state.superblock, state.transaction, wanted.writes, revokes,
                                 wanted.time);
    QUIRE_TRY(state.settle(state.write_log(image)));
    state.adopt(wanted);
    return {};
}

const std::byte* Writer::find(std::uint64_t block) const {
    const auto at = state_->waiting.find(block);
    return at == state_->waiting.end() ? nullptr : at->second.get();
}

void Writer::forget(std::uint64_t block) {
    state_->forgotten.insert(block);
}

Result<void> Writer::checkpoint() {
    if (state_->ended) return fail(*state_->ended);
    return state_->settle(state_->checkpoint());
}

Result<void> Writer::close() {
    if (state_->ended) return fail(*state_->ended);
    QUIRE_TRY(state_->settle(state_->close()));
    state_->ended = Error(std::errc::invalid_argument, "the journal is closed");
    return {};
}

}  // namespace quire::ext::journal
