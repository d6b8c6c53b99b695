// SPDX-License-Identifier: MIT

#include "pages/paged_content.hpp"

#include <algorithm>

#include "context_state.hpp"

namespace quire::client {

namespace {

/// Of a file that keeps changing, or whose content keeps being taken away.
constexpr int most_rounds = 3;
/// For one read, which may lie in a segment of its own for each of its runs.
constexpr int most_mappings = 2 * (paging::PageReader::longest / paging::run_size + 1);
constexpr unsigned reads_by_message = 64;
constexpr std::size_t most_runs_of_view = View::longest / paging::run_size + 1;

}  // namespace

Result<std::optional<std::size_t>> PagedContent::read(ContextState& state,
                                                      protocols::FileObject& file,
                                                      std::uint64_t position,
                                                      std::span<std::byte> memory) {
    constexpr std::uint64_t farthest = paging::PageReader::farthest;
    const bool too_far = position >= farthest || memory.size() > farthest - position;
    if (state.memory.is_refused() || memory.empty() || too_far) return std::nullopt;
    if (not_now_ > 0) {
        --not_now_;
        return std::nullopt;
    }
    std::size_t done = 0;
    do {
        const auto part = memory.subspan(
            done, std::min<std::size_t>(memory.size() - done, paging::PageReader::longest));
        QUIRE_TRY_ASSIGN(const auto got, read_part(state, file, position + done, part));
        // What could be had is a short read only where the rest is none; so all of it is read again.
        if (!got) return std::nullopt;
        done += *got;
        if (*got < part.size()) break;
    } while (done < memory.size());
    window_.passed(position + done);
    return done;
}

Result<std::optional<std::size_t>> PagedContent::read_part(ContextState& state,
                                                           protocols::FileObject& file,
                                                           std::uint64_t position,
                                                           std::span<std::byte> memory) {
    using Outcome = paging::PageReader::Outcome;
    int mappings = 0;
    for (int round = 0;;) {
        const paging::PageReader::Attempt attempt =
            reader_ ? reader_->read(position, memory) : paging::PageReader::Attempt{};
        if (attempt.outcome == Outcome::done) return attempt.count;
        if (attempt.outcome == Outcome::died)
            return fail(std::errc::connection_reset, "the server is gone");
        if (attempt.outcome == Outcome::unmapped) {
            // Another thread may have mapped it meanwhile; what is mapped and never there is nowhere.
            if (mappings++ == most_mappings) return senseless("content outside of its segment");
            QUIRE_TRY(state.memory.map(state, attempt.segment));
            continue;
        }
        if (round++ == most_rounds) {
            not_now_ = reads_by_message;
            return std::nullopt;
        }
        QUIRE_TRY_ASSIGN(const Next next, bring_in(state, file, position, memory.size()));
        if (next == Next::by_message) return std::nullopt;
    }
}

Result<std::optional<View>> PagedContent::view(const std::shared_ptr<ContextState>& state,
                                               protocols::FileObject& file, std::uint64_t position,
                                               std::size_t length) {
    using Outcome = paging::PageReader::Outcome;
    if (state->memory.is_refused() || not_now_ > 0) return std::nullopt;
    int mappings = 0;
    bool asked = false;
    for (int round = 0; round < most_rounds;) {
        const auto stretch = reader_ ? reader_->find(position, length, most_runs_of_view)
                                     : paging::PageReader::Stretch{};
        if (stretch.outcome == Outcome::died)
            return fail(std::errc::connection_reset, "the server is gone");
        if (stretch.outcome == Outcome::unmapped) {
            if (mappings++ == most_mappings) return senseless("content outside of its segment");
            QUIRE_TRY(state->memory.map(*state, stretch.segment));
            continue;
        }
        ++round;
        if (stretch.outcome == Outcome::done && (asked || !stretch.rest_is_missing)) {
            QUIRE_TRY_ASSIGN(auto view, pin(state, stretch));
            if (!view) return std::nullopt;
            if (!reader_->is_still_there(stretch)) continue;
            window_.passed(position + stretch.count);
            return view;
        }
        asked = true;
        QUIRE_TRY_ASSIGN(const Next next, bring_in(*state, file, position, length));
        if (next == Next::by_message) return std::nullopt;
    }
    return std::nullopt;
}

Result<std::optional<View>> PagedContent::pin(const std::shared_ptr<ContextState>& state,
                                              const paging::PageReader::Stretch& stretch) {
    std::vector<std::size_t> words;
    words.reserve(stretch.entries.size());
    View view(state, std::move(words), {stretch.data, stretch.count});
    for (const std::uint64_t entry : stretch.entries) {
        QUIRE_TRY_ASSIGN(const auto word,
                         state->pins.take(*state, std::uint64_t{paging::run_of(entry)} + 1));
        if (!word) break;
        view.words_.push_back(*word);
    }
    // As much of it as may be pinned.
    if (view.words_.size() < stretch.entries.size()) {
        if (view.words_.empty()) return std::nullopt;
        view.bytes_ = view.bytes_.first(view.words_.size() * paging::run_size -
                                        stretch.position % paging::run_size);
    }
    return view;
}

Result<PagedContent::Next> PagedContent::bring_in(ContextState& state, protocols::FileObject& file,
                                                  std::uint64_t position, std::size_t least) {
    const auto where = file.bring_in(state.call(), position, window_.amount(position, least));
    if (where) return take(state, position, *where);
    if (where.error() == std::errc::function_not_supported ||
        where.error() == std::errc::operation_not_supported) {
        state.memory.refuse();
        return Next::by_message;
    }
    if (where.error() == std::errc::permission_denied ||
        where.error() == std::errc::not_enough_memory ||
        where.error() == std::errc::resource_unavailable_try_again) {
        not_now_ = reads_by_message;
        return Next::by_message;
    }
    return fail(where.error());
}

Result<PagedContent::Next> PagedContent::take(ContextState& state, std::uint64_t position,
                                              const protocols::PageMap& where) {
    QUIRE_TRY_ASSIGN(const auto map, state.memory.get(state));
    QUIRE_TRY(state.memory.map(state, where.cell_segment));
    if (!reader_) reader_.emplace(map);
    const paging::Place cell{where.cell_segment, where.cell_offset};
    if (!reader_->is_at(cell, where.identity) && !reader_->set_cell(cell, where.identity))
        return senseless("a cell that is nowhere");
    if (where.chunk_segment == paging::life_segment) return Next::again;
    QUIRE_TRY(state.memory.map(state, where.chunk_segment));
    if (!reader_->set_chunk(position, {where.chunk_segment, where.chunk_offset}))
        return senseless("entries that are nowhere");
    return Next::again;
}

}  // namespace quire::client
