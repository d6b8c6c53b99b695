// SPDX-License-Identifier: MIT

#include "pages/borrowed_file.hpp"

#include <algorithm>
#include <array>

#include "context_state.hpp"

namespace quire::client {

namespace {

using Outcome = paging::PageWriter::Outcome;

constexpr std::uint64_t farthest_write = paging::farthest_lent;
constexpr std::size_t longest_part = paging::PageWriter::longest;
/// Of a file that is taken back all the time.
constexpr int most_loans = 3;
/// A loan of fewer writes than this costs more than it saves.
constexpr std::uint64_t worth_a_loan = 16;
constexpr unsigned writes_after_refusal = 64;
constexpr unsigned most_put_off = 4096;

bool is_too_far(std::uint64_t position, std::size_t length) {
    return position >= farthest_write || length > farthest_write - position;
}

}  // namespace

bool BorrowedFile::is_ours() const {
    return state_.written.is_ours();
}

bool BorrowedFile::on_loan() const {
    return writer_ && is_ours() && writer_->on_loan();
}

bool BorrowedFile::write_shown(std::uint64_t position, std::span<const std::byte> memory) {
    if (!writer_ || memory.size() > longest_part || is_too_far(position, memory.size()) ||
        !is_ours())
        return false;
    if (writer_->write(position, memory).outcome != Outcome::done) return false;
    window_.passed(position + memory.size());
    ++used_;
    unsettled_ = true;
    return true;
}

std::optional<std::size_t> BorrowedFile::read_shown(std::uint64_t position,
                                                    std::span<std::byte> memory) {
    if (!writer_ || memory.size() > longest_part || is_too_far(position, memory.size()) ||
        !is_ours())
        return std::nullopt;
    const Attempt attempt = writer_->read(position, memory);
    if (attempt.outcome != Outcome::done) return std::nullopt;
    return attempt.count;
}

Result<bool> BorrowedFile::write(protocols::FileObject& file, std::uint64_t position,
                                 std::span<const std::byte> memory) {
    if (is_too_far(position, memory.size()) || (writer_ && !is_ours())) return false;
    if (!on_loan() && !is_worth_it()) return false;
    for (std::size_t done = 0; done < memory.size();) {
        const auto part = memory.subspan(done, std::min(memory.size() - done, longest_part));
        QUIRE_TRY_ASSIGN(const auto written, until_done(file, position + done, part.size(), [&] {
                             return writer_->write(position + done, part);
                         }));
        // What is there by now is written once more.
        if (!written) return false;
        unsettled_ = true;
        ++used_;
        done += part.size();
        window_.passed(position + done);
    }
    return true;
}

Result<std::optional<std::size_t>> BorrowedFile::read(protocols::FileObject& file,
                                                      std::uint64_t position,
                                                      std::span<std::byte> memory) {
    std::size_t done = 0;
    while (done < memory.size()) {
        if (is_too_far(position + done, memory.size() - done) || !on_loan()) return std::nullopt;
        const auto part = memory.subspan(done, std::min(memory.size() - done, longest_part));
        QUIRE_TRY_ASSIGN(const auto got, until_done(file, position + done, part.size(), [&] {
                             return writer_->read(position + done, part);
                         }));
        if (!got) return std::nullopt;
        done += *got;
        window_.passed(position + done);
        if (*got < part.size()) break;
    }
    return done;
}

template <typename Try>
Result<std::optional<std::size_t>> BorrowedFile::until_done(protocols::FileObject& file,
                                                            std::uint64_t position,
                                                            std::size_t length, Try&& attempt) {
    // For one part, which may lie in a segment of its own for each of its runs.
    constexpr int most_mappings = 2 * (longest_part / paging::run_size + 1);
    int mappings = 0;
    for (int loans = 0;;) {
        const Attempt now = writer_ ? attempt() : Attempt{.outcome = Outcome::ended};
        switch (now.outcome) {
            case Outcome::done:
                return now.count;
            case Outcome::died:
                return fail(std::errc::connection_reset, "the server is gone");
            case Outcome::unmapped:
                if (mappings++ == most_mappings) return senseless("content outside of its segment");
                QUIRE_TRY(state_.written.map(state_, now.segment));
                continue;
            case Outcome::lost:
            case Outcome::ended:
                if (had_it_) {
                    had_it_ = false;
                    put_off(used_ < worth_a_loan);
                    if (not_now_ > 0) return std::nullopt;
                }
                break;
            case Outcome::missing:
                break;
        }
        if (loans++ == most_loans) {
            not_now_ = writes_after_refusal;
            return std::nullopt;
        }
        QUIRE_TRY_ASSIGN(const Next next, lend(file, position, length));
        if (next == Next::by_message) return std::nullopt;
    }
}

Result<BorrowedFile::Next> BorrowedFile::lend(protocols::FileObject& file, std::uint64_t position,
                                              std::size_t least) {
    const auto where = file.lend(state_.call(), position, least, window_.amount(position, least));
    if (where) {
        QUIRE_TRY(take(position, *where));
        return Next::again;
    }
    static constexpr std::array by_message{
        std::errc::function_not_supported,  std::errc::operation_not_supported,
        std::errc::operation_not_permitted, std::errc::permission_denied,
        std::errc::not_enough_memory,       std::errc::resource_unavailable_try_again,
        std::errc::no_space_on_device,      std::errc::file_too_large};
    if (std::ranges::none_of(by_message, [&](std::errc code) { return where.error() == code; }))
        return fail(where.error());
    not_now_ = writes_after_refusal;
    return Next::by_message;
}

Result<void> BorrowedFile::take(std::uint64_t position, const protocols::LoanMap& where) {
    QUIRE_TRY_ASSIGN(const auto map, state_.written.get(state_));
    for (const std::uint32_t segment :
         {where.control_segment, where.head_segment, where.chunk_segment})
        QUIRE_TRY(state_.written.map(state_, segment));
    if (!writer_) writer_.emplace(map, state_.written.turn());
    if (!writer_->set_loan({where.control_segment, where.control_offset},
                           {where.head_segment, where.head_offset}, where.loan) ||
        !writer_->set_chunk(position, {where.chunk_segment, where.chunk_offset}))
        return senseless("content on loan that is nowhere");
    if (!had_it_) used_ = 0;
    had_it_ = true;
    return {};
}

// Who shares the file with others writes it by message for a while, and longer each time.
void BorrowedFile::put_off(bool soon_lost) {
    if (soon_lost) {
        not_now_ = put_off_by_;
        put_off_by_ = std::min(2 * put_off_by_, most_put_off);
    } else {
        put_off_by_ = std::max(8U, put_off_by_ / 2);
    }
}

bool BorrowedFile::is_worth_it() {
    if (had_it_) {
        had_it_ = false;
        put_off(used_ < worth_a_loan);
    }
    if (not_now_ == 0) return true;
    --not_now_;
    return false;
}

}  // namespace quire::client
