// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>

#include "quire/memory/write_layout.hpp"

// What a writer does and what the server does to take back what it had lent, in this order:
//
//     writer: begin_storing, has(loan) and look(entry), copy into the run, mark, was_lost, end_storing
//     server: take_back, wait until the writer stores no more or else lose, take_marks, copy out of the
//             run; take_away(entry), and run, pairs and head are used for something else once the writer
//             is seen to have gone on since then
//
// A run of a file that stays on loan is taken for another one only while the writer does not store: its
// entry is taken away, and shown again if stores() says then that it does.
//
// Each of these is sequentially consistent where two threads write one word and read the other's:
//
// - in_use against the loan and the entry: either the writer sees that they have gone, or the server sees
//   that it is storing, and waits.
// - marks against the loan: what the server has not found when it lost the loan, its writer hears of.
//
// The server may also take marks while the loan lasts. Marks are set when the bytes are there, and taken
// before they are copied; so what is copied half is marked, or will be, and is copied again.
// tests/model explores all orders in which these steps can be seen.
namespace quire::paging {

inline void begin_storing(WriteControl& control, std::uint64_t& turn) {
    turn += 2;
    control.in_use.store(turn - 1, std::memory_order_seq_cst);
}
inline bool has(const LoanHead& head, std::uint64_t loan) {
    return head.loan.load(std::memory_order_seq_cst) == loan;
}
inline std::uint64_t look(const LoanPair& pair) {
    return pair.entry.load(std::memory_order_seq_cst);
}
inline void mark(LoanPair& pair, std::uint64_t marks) {
    pair.marks.fetch_or(marks, std::memory_order_seq_cst);
}
/// Needs: begin_storing, and that was_lost() has been asked: afterwards the head may be another file's.
inline void end_storing(WriteControl& control, std::uint64_t turn) {
    control.in_use.store(turn, std::memory_order_release);
}
/// Whether what has been marked for `loan` may be lost.
inline bool was_lost(const LoanHead& head, std::uint64_t loan) {
    const std::uint64_t now = head.loan.load(std::memory_order_seq_cst);
    return now != loan && now != no_loan;
}

inline void take_back(LoanHead& head) {
    head.loan.exchange(no_loan, std::memory_order_seq_cst);
}
inline void lose(LoanHead& head) {
    head.loan.exchange(loan_lost, std::memory_order_seq_cst);
}
inline std::uint64_t take_marks(LoanPair& pair) {
    if (pair.marks.load(std::memory_order_seq_cst) == 0) return 0;
    return pair.marks.exchange(0, std::memory_order_seq_cst);
}
/// Who stores just now: an even number says nobody, and the same odd one the same.
inline std::uint64_t stores(const WriteControl& control) {
    return control.in_use.load(std::memory_order_seq_cst);
}

}  // namespace quire::paging
