// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "quire/memory/memory_map.hpp"
#include "quire/memory/write_layout.hpp"

namespace quire::paging {

/// That a client is writing, said in its write memory: one for all its files there.
/// Threads: one at a time.
struct WriteTurn {
    std::uint64_t number = 0;  // of the latest
};

/// Reads and writes one file that is on loan, without asking anybody.
///
/// What has been written counts when write() has returned `done`, and is the file's whatever becomes
/// of this process. A server that breaks the rules can lose it, but nothing worse.
/// Threads: one at a time, with all others of the same memory.
class PageWriter {
public:
    enum class Outcome : std::uint8_t {
        done,
        missing,   ///< something of it is not there, or no space reserved: ask the server
        unmapped,  ///< a segment is not mapped: `segment`
        ended,     ///< it is not on loan any more, and nothing has been done
        lost,      ///< the same, and of what was to be written anything may be there
        died,      ///< the server has
    };
    struct Attempt {
        Outcome outcome = Outcome::missing;
        std::size_t count = 0;  ///< bytes; fewer than asked for only when reading at the end
        std::uint32_t segment = 0;
    };

    /// `turn` is for all files of the map's memory, and lives longer.
    PageWriter(std::shared_ptr<MemoryMap> map, WriteTurn& turn)
        : map_(std::move(map)), turn_(turn) {}

    /// Where the loan is. False: that is not mapped, or nowhere.
    bool set_loan(Place control, Place head, std::uint64_t loan);
    /// Where the pairs around `position` are. The same.
    bool set_chunk(std::uint64_t position, Place place);

    /// Whether it was on loan just now.
    bool on_loan() const;
    /// How long the file is. Needs: a loan.
    std::uint64_t size() const;

    /// At most `longest` bytes at once.
    static constexpr std::size_t longest = 2 * MiB;
    /// Needs: at most `longest` bytes of memory, and not behind `farthest_lent`.
    Attempt read(std::uint64_t position, std::span<std::byte> memory) const;
    /// All or nothing, where it is not lost. The same.
    Attempt write(std::uint64_t position, std::span<const std::byte> memory);

private:
    struct Piece;
    class Pieces;
    LoanPair* pair(std::uint64_t granule) const;
    Attempt store(std::uint64_t position, std::span<const std::byte> memory);

    const std::shared_ptr<MemoryMap> map_;
    WriteTurn& turn_;
    WriteControl* control_ = nullptr;
    LoanHead* head_ = nullptr;
    std::uint64_t loan_ = no_loan;
    std::vector<LoanPair*> chunks_;
};

}  // namespace quire::paging
