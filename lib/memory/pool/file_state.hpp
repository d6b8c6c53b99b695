// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>

#include "pool/stores.hpp"

namespace quire::paging {

/// What is known of a file's pages on this side; the entries that clients see say no more than this.
struct FilePages::State final : RunHolder {
    static constexpr std::uint32_t no_run = ~std::uint32_t{0};

    /// 64 KiB of the file.
    struct Granule {
        std::uint32_t run = no_run;
        bool filling = false;
        std::uint8_t brought_in = 0;  // how often, to some point

        bool held() const { return run != no_run; }
    };
    struct Chunk {
        Place place;
        Entry* entries = nullptr;
        std::array<Granule, entries_in_chunk> granules;
    };

    State(Stores& its_memory, Place its_place, std::uint64_t its_identity);
    ~State() override;

    /// nullptr: there is no memory for the chunk, or (with `find_`) none yet.
    Granule* make_granule(std::uint64_t number);
    Granule* find_granule(std::uint64_t number);
    Entry& entry(std::uint64_t number);
    /// Of a granule and those around it; nullptr: there is none (yet).
    const Chunk* chunk_of(std::uint64_t number) const;

    void publish(std::uint64_t number, Granule& granule, std::uint32_t run);
    void lose(std::uint64_t number) override;
    /// Takes away what lies in [first, end).
    void invalidate(std::uint64_t first, std::uint64_t end);

    Stores& memory;
    const Place place;
    const std::uint64_t identity;
    FileCell& cell;
    std::uint64_t size = unknown_size;
    unsigned changes = 0;       // under way
    std::uint64_t version = 0;  // of what changes of the file could touch
    std::array<Granule, entries_in_cell> first_granules;
    std::map<std::uint64_t, std::unique_ptr<Chunk>> chunks;
};

}  // namespace quire::paging
