// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "pool/life.hpp"
#include "quire/memory/page_pool.hpp"

namespace quire::paging {

/// What all domains of a pool share. Its mutex guards all that the pool, its domains and their files
/// know, and is a leaf; content is filled in without it.
struct PoolState {
    std::mutex mutex;
    /// Something that was being changed or filled is not any more.
    std::condition_variable_any changed;

    std::uint64_t budget = 0;
    std::uint64_t segment_size = 0;        // of content; a multiple of run_size
    std::uint64_t table_segment_size = 0;  // of cells
    std::uint64_t write_segment_size = 0;  // the same, of those that one client writes
    std::uint64_t write_table_segment_size = 0;
    std::uint64_t last_identity = 0;
    std::vector<std::weak_ptr<Domain>> domains;
    std::vector<std::weak_ptr<WriteMemory>> write_memories;
    std::mutex scrubbing;  // comes before the other one
    // Who wipes out makes the other one the newer, and waits for those that were begun before.
    std::array<std::size_t, 2> fillings{};  // under way: begun before the latest wiping, or since
    std::size_t newer_fillings = 0;         // which are which
    PagePool::Counters counters;
    std::unique_ptr<Life> life;

    /// For who has `owned` bytes already: nobody takes more than three times what is left then, so
    /// that there is something for who comes next.
    bool charge(std::uint64_t bytes, std::uint64_t owned) {
        const std::uint64_t left = budget - counters.segment_bytes;
        if (bytes > left || owned + bytes > 3 * (left - bytes)) return false;
        counters.segment_bytes += bytes;
        ++counters.segments;
        return true;
    }
    void give_back(std::uint64_t bytes, std::size_t segments) {
        counters.segment_bytes -= bytes;
        counters.segments -= segments;
    }
};

}  // namespace quire::paging
