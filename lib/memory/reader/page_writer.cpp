// SPDX-License-Identifier: MIT

#include "quire/memory/page_writer.hpp"

#include <algorithm>
#include <array>

#include "entry_steps.hpp"
#include "quire/memory/copy.hpp"
#include "write_steps.hpp"

namespace quire::paging {

namespace {

constexpr std::uint64_t most_pair_chunks = farthest_lent / run_size / pairs_in_chunk;

template <typename T>
T* object_at(const MemoryMap& map, Place place, std::size_t size) {
    const auto bytes = map.room(place, size);
    if (bytes.empty() || place.offset % cell_size != 0) return nullptr;
    return reinterpret_cast<T*>(bytes.data());
}

}  // namespace

/// A part of a run. Made by the dozen for one that is used: so it begins as nothing.
struct PageWriter::Piece {
    LoanPair* pair;
    std::uint64_t entry;
    std::byte* bytes;
    std::size_t from;  // in the run
    std::size_t length;
};

/// Those that a range consists of, as far as they are there.
class PageWriter::Pieces {
public:
    Outcome find(const PageWriter& writer, std::uint64_t position, std::size_t length) {
        for (std::size_t done = 0; done < length;) {
            const std::uint64_t place = position + done;
            Piece& piece = pieces_[count_];
            piece.pair = writer.pair(place / run_size);
            if (piece.pair == nullptr) return Outcome::missing;
            piece.entry = look(*piece.pair);
            if (!is_valid(piece.entry)) return Outcome::missing;
            const std::uint32_t run = run_of(piece.entry);
            const std::uint64_t offset = std::uint64_t{run % runs_in_segment} * run_size;
            segment_ = run / runs_in_segment;
            piece.bytes =
                writer.map_->room({segment_, static_cast<std::uint32_t>(offset)}, run_size).data();
            if (piece.bytes == nullptr)
                return writer.map_->has(segment_) ? Outcome::missing : Outcome::unmapped;
            piece.from = place % run_size;
            piece.length = std::min<std::uint64_t>(length - done, run_size - piece.from);
            done += piece.length;
            ++count_;
        }
        return Outcome::done;
    }
    std::uint32_t segment() const { return segment_; }
    std::span<const Piece> all() const { return std::span(pieces_).first(count_); }

private:
    std::array<Piece, longest / run_size + 1> pieces_;
    std::size_t count_ = 0;
    std::uint32_t segment_ = 0;
};

bool PageWriter::set_loan(Place control, Place head, std::uint64_t loan) {
    if (loan == no_loan || loan == loan_lost) return false;
    auto* const its_control = object_at<WriteControl>(*map_, control, sizeof(WriteControl));
    auto* const its_head = object_at<LoanHead>(*map_, head, sizeof(LoanHead));
    if (its_control == nullptr || its_head == nullptr) return false;
    if (loan != loan_) chunks_.clear();
    control_ = its_control;
    head_ = its_head;
    loan_ = loan;
    return true;
}

bool PageWriter::set_chunk(std::uint64_t position, Place place) {
    const std::uint64_t number = position / run_size / pairs_in_chunk;
    auto* const pairs = object_at<LoanPair>(*map_, place, chunk_size);
    if (pairs == nullptr || number >= most_pair_chunks) return false;
    if (chunks_.size() <= number) chunks_.resize(number + 1);
    chunks_[number] = pairs;
    return true;
}

LoanPair* PageWriter::pair(std::uint64_t granule) const {
    const std::uint64_t chunk = granule / pairs_in_chunk;
    if (chunk >= chunks_.size() || chunks_[chunk] == nullptr) return nullptr;
    return chunks_[chunk] + granule % pairs_in_chunk;
}

bool PageWriter::on_loan() const {
    return head_ != nullptr && has(*head_, loan_);
}

std::uint64_t PageWriter::size() const {
    return std::max(head_->size.load(std::memory_order_relaxed),
                    head_->written_end.load(std::memory_order_relaxed));
}

// Nobody else writes it; what matters is whether it was the file's when it had been copied.
PageWriter::Attempt PageWriter::read(std::uint64_t position, std::span<std::byte> memory) const {
    if (!map_->server_lives()) return {.outcome = Outcome::died};
    if (!on_loan()) return {.outcome = Outcome::ended};
    const std::uint64_t end = size();
    const std::size_t length =
        position < end ? std::min<std::uint64_t>(memory.size(), end - position) : 0;
    Pieces pieces;
    if (const Outcome found = pieces.find(*this, position, length); found != Outcome::done)
        return {.outcome = found, .segment = pieces.segment()};
    std::size_t done = 0;
    for (const Piece& piece : pieces.all()) {
        copy_shared(memory.data() + done, piece.bytes + piece.from, piece.length);
        done += piece.length;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    bool same = head_->loan.load(std::memory_order_relaxed) == loan_;
    for (const Piece& piece : pieces.all()) same = same && is_still(piece.pair->entry, piece.entry);
    if (!same) return {.outcome = on_loan() ? Outcome::missing : Outcome::ended};
    return {.outcome = Outcome::done, .count = length};
}

PageWriter::Attempt PageWriter::write(std::uint64_t position, std::span<const std::byte> memory) {
    if (!map_->server_lives()) return {.outcome = Outcome::died};
    if (head_ == nullptr) return {.outcome = Outcome::ended};
    begin_storing(*control_, turn_.number);
    Attempt attempt = store(position, memory);
    if (attempt.outcome == Outcome::done && was_lost(*head_, loan_))
        attempt.outcome = Outcome::lost;
    end_storing(*control_, turn_.number);
    return attempt;
}

PageWriter::Attempt PageWriter::store(std::uint64_t position, std::span<const std::byte> memory) {
    if (!has(*head_, loan_)) return {.outcome = Outcome::ended};
    const std::uint64_t end = position + memory.size();
    if (end > head_->limit.load(std::memory_order_relaxed)) return {};
    Pieces pieces;
    if (const Outcome found = pieces.find(*this, position, memory.size()); found != Outcome::done)
        return {.outcome = found, .segment = pieces.segment()};
    std::size_t done = 0;
    for (const Piece& piece : pieces.all()) {
        copy_shared(piece.bytes + piece.from, memory.data() + done, piece.length);
        done += piece.length;
    }
    if (end > size()) head_->written_end.store(end, std::memory_order_relaxed);
    for (const Piece& piece : pieces.all())
        mark(*piece.pair, marks_of(piece.from, piece.from + piece.length));
    return {.outcome = Outcome::done, .count = memory.size()};
}

}  // namespace quire::paging
