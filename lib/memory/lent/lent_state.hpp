// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "pool/stores.hpp"
#include "quire/memory/write_layout.hpp"
#include "quire/memory/write_memory.hpp"

namespace quire::paging {

/// Threads: one at a time (the write memory's mutex; for the stores the pool's as well).
struct WriteMemory::State {
    explicit State(PoolState& its_pool);

    /// Runs in a row for other content; of none there is a count of 0. Has others written and taken
    /// away where all are in use.
    RunStore::Stretch take(std::uint32_t most);
    /// It is nobody's any more. `since`: what stores() said when its entry had been taken away.
    void give_back(std::uint32_t run, std::uint64_t since);
    /// The same of a cell or chunk. Needs: the pool's mutex.
    void give_back(Place place, bool is_chunk, std::uint64_t since);
    /// Gives back what the client is not writing any more.
    void review();
    /// Makes zeros of what the client may be writing yet, and nobody has any more.
    void wipe_kept();
    WriteControl& control_word() const;

    PoolState& pool;
    Stores stores;
    std::optional<Place> control;
    struct Kept {
        std::uint32_t run = 0;
        std::uint64_t since = 0;
    };
    std::vector<Kept> kept;  // runs that the client may be writing
    struct KeptTable {
        Place place;
        bool is_chunk = false;
        std::uint64_t since = 0;
    };
    std::vector<KeptTable> kept_tables;  // the same of cells and chunks
    std::uint64_t stopped = 0;  // what stores() said of a writer that was waited for in vain
};

struct LentPages::State final : RunHolder {
    static constexpr std::uint32_t no_run = ~std::uint32_t{0};

    struct Granule {
        std::uint32_t run = no_run;
        std::uint64_t entry = no_entry;
        bool held() const { return run != no_run; }
    };
    struct Chunk {
        Place place;
        LoanPair* pairs = nullptr;
        std::array<Granule, pairs_in_chunk> granules;
    };
    /// Pages in a row that are on their way to the file.
    class Batch;

    State(WriteMemory::State& its_memory, LentContent& its_content, Place its_place,
          std::uint64_t its_loan);
    ~State() override;

    /// How long the file is now, as far as its client may have made it so.
    std::uint64_t end() const;
    /// nullptr: there is no memory for it.
    Chunk* chunk_of(std::uint64_t granule);
    /// Reserves `length` bytes from `position` on, or `least` of them, and shows how far may be
    /// written. Answers how far it came: to the end of a run, or of the file.
    Result<std::uint64_t> reserve(std::uint64_t position, std::uint64_t least,
                                  std::uint64_t length);
    /// Brings in granules of [first, end), the first one at least.
    Result<void> fill(std::uint64_t first, std::uint64_t end);
    Result<void> fill_run(std::uint64_t granule, std::uint32_t run);
    Result<void> write_back();
    /// Has the granule written, and takes it away. False: it stays.
    bool evict(std::uint64_t granule);
    void drop();
    void wait_for_writer();
    void lose(std::uint64_t granule) override;

    WriteMemory::State& memory;
    LentContent& content;
    const Place place;
    const std::uint64_t loan;
    LoanHead& head;
    std::uint64_t size = 0;   // of the file, as it is there
    std::uint64_t limit = 0;  // that the client was told
    bool shown = false;       // its client may have seen it
    bool revoked = false;
    std::uint64_t since = 0;  // what stores() said when it had been revoked
    std::map<std::uint64_t, std::unique_ptr<Chunk>> chunks;
};

}  // namespace quire::paging
