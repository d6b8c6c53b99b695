// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "quire/memory/layout.hpp"

// What lies in memory that a server shares with one client, who writes there what it has on loan.
//
// Segments and runs are as in layout.hpp. A file on loan has a head of 64 bytes and chunks of 256
// pairs, one pair for each 64 KiB: where that lies, and which of its pages have been written. A word
// for all of the memory says whether the client is writing just now.
//
// The server keeps for itself what it has lent, and believes nothing that it finds here: the marks and
// the end of what has been written are all that it reads, and neither leads it further than the loan.
namespace quire::paging {

inline constexpr std::uint64_t loan_page_size = 4 * KiB;
inline constexpr std::size_t pages_in_run = run_size / loan_page_size;
inline constexpr std::size_t pairs_in_chunk = 256;

/// Of a file; what lies behind is written by message.
inline constexpr std::uint64_t farthest_lent = 32 * TiB;

/// No loan has this number.
inline constexpr std::uint64_t no_loan = 0;
/// In place of a loan's number: it was taken back while its holder was writing, and what was being
/// written may be lost.
inline constexpr std::uint64_t loan_lost = ~std::uint64_t{0};

struct WriteControl {
    /// Odd while the client stores into runs, and another number each time.
    std::atomic<std::uint64_t> in_use;
    std::array<std::uint64_t, 7> unused;
};
static_assert(sizeof(WriteControl) == cell_size);

struct LoanHead {
    /// The loan's number as long as it lasts.
    std::atomic<std::uint64_t> loan;
    /// Of the file when it was lent.
    std::atomic<std::uint64_t> size;
    /// Up to here may be written.
    std::atomic<std::uint64_t> limit;
    /// By the client: how far it has written, if that is behind the end.
    std::atomic<std::uint64_t> written_end;
    std::array<std::uint64_t, 4> unused;
};
static_assert(sizeof(LoanHead) == cell_size);

struct LoanPair {
    Entry entry;
    /// A bit for each page that has been written since the server looked.
    std::atomic<std::uint64_t> marks;
};
static_assert(sizeof(LoanPair) * pairs_in_chunk == chunk_size);

/// Of the pages that [from, to) of a run touches. Needs: from < to.
constexpr std::uint64_t marks_of(std::uint64_t from, std::uint64_t to) {
    const std::uint64_t first = from / loan_page_size;
    const std::uint64_t end = (to + loan_page_size - 1) / loan_page_size;
    return ((std::uint64_t{1} << end) - 1) & ~((std::uint64_t{1} << first) - 1);
}

}  // namespace quire::paging
